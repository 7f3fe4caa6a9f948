"""Progress bars and advice of the libraries below don't belong in a worker's log."""

import warnings

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging


def hush() -> None:
    """Leave only errors. Called before their models are imported, which is when they give most of their advice."""
    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    # dpmpp_sde asks its Brownian tree for ends that differ from its own by a rounding; it clips them and says so.
    warnings.filterwarnings("ignore", message="Should have t", module="torchsde")
    # What records a step (see `traces`): its ways are decided by shapes alone, which a record is kept by.
    warnings.filterwarnings("ignore", message="Converting a tensor to a Python boolean")
    warnings.filterwarnings("ignore", message="`torch.jit.trace` is deprecated", category=DeprecationWarning)
    # A second LoRA beside the first, which is what is meant.
    warnings.filterwarnings("ignore", message="Already found a .peft_config.")
