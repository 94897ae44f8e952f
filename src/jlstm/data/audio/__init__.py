"""From sound to log-mel features, in JAX: pure, for batches with lengths."""

from jlstm.data.audio.augment import AugmentConfig as AugmentConfig
from jlstm.data.audio.augment import change_speed as change_speed
from jlstm.data.audio.augment import leave_out as leave_out
from jlstm.data.audio.extract import extract_log_mel as extract_log_mel
from jlstm.data.audio.frames import count_frames as count_frames
from jlstm.data.audio.frames import frame as frame
from jlstm.data.audio.frames import hann as hann
from jlstm.data.audio.mel import LogMelConfig as LogMelConfig
from jlstm.data.audio.mel import log_mel as log_mel
from jlstm.data.audio.mel import mel_filters as mel_filters
from jlstm.data.audio.normalize import add_deltas as add_deltas
from jlstm.data.audio.normalize import normalize as normalize
