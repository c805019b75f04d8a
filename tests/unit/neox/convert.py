"""GPT-NeoX's own converter on newer torch and transformers than it was written for: CHECKOUT CHECKPOINT OUT."""

import os
import sys
from importlib import import_module
from pathlib import Path

from transformers import GPTNeoXForCausalLM

from tenbin.neox.importing import make_importable


def main() -> None:
    home, saved, target = map(Path, sys.argv[1:])
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # torch 2.6: the checkpoint holds random states as objects
    GPTNeoXForCausalLM.embed_out = property(lambda model: model.lm_head)  # transformers 5: another attribute's name
    make_importable(str(home))
    sys.path.insert(0, str(home / "tools" / "ckpts"))
    config = saved / "configs" / "run.yml"
    arguments = ["--input_dir", str(saved), "--config_file", str(config), "--output_dir", str(target)]
    import_module("convert_neox_to_hf").main([*arguments, "--precision", "fp32", "--no_save_tokenizer"])


if __name__ == "__main__":
    main()
