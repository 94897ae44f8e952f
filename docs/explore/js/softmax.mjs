// Softmax and its loss, in nats.

/** Chances from logits. */
export function softmax(logits) {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

/** Cross entropy of one target, and its gradient by the logits. */
export function crossEntropy(logits, target) {
  const grad = softmax(logits);
  const loss = -Math.log(grad[target]);
  grad[target] -= 1;
  return { loss, grad };
}
