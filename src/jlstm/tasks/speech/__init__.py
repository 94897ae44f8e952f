"""Speech: which word is said, and strings of words by CTC."""

EXPERIMENTS = {
    "speech": "experiment:SpeechExperiment",
    "ctc": "recognition:RecognizeExperiment",
}
