// Both need Python with PyTorch, and nothing else.

export const FROM_NANOBARD = `"""A model of nanobard as a checkpoint that nanoGPT's sample.py opens.

    python from_nanobard.py model.safetensors OUT_DIR [DATASET]

writes OUT_DIR/ckpt.pt and, for a model of characters, data/DATASET/meta.pkl (by default data/nanobard/meta.pkl), where
sample.py looks for it: run it where nanoGPT is. There is no optimizer state in it: to train on, use it as a beginning.
"""

import json
import os
import pickle
import struct
import sys

import torch

if len(sys.argv) < 3:
    sys.exit(__doc__)
path, out_dir = sys.argv[1:3]
dataset = sys.argv[3] if len(sys.argv) > 3 else "nanobard"

with open(path, "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = bytearray(file.read())
metadata = header.pop("__metadata__")
spec = json.loads(metadata["nanobard.model"])
tokenizer = json.loads(metadata["nanobard.tokenizer"])
if spec["model"] != "gpt":
    sys.exit(f"nanoGPT has no {spec['model']} models")
if spec.get("activation", "gelu") != "gelu":
    print("note: the model was trained with GELU by tanh; nanoGPT computes the exact one, which differs by 1e-3")

types = {"F32": torch.float32, "F16": torch.float16}
state = {}
for name, entry in header.items():
    begin, end = entry["data_offsets"]
    part = torch.frombuffer(data, dtype=types[entry["dtype"]], count=(end - begin) // types[entry["dtype"]].itemsize, offset=begin)
    state[name] = part.reshape(entry["shape"]).float()
state["lm_head.weight"] = state["transformer.wte.weight"]

model_args = {
    "n_layer": spec["nLayer"],
    "n_head": spec["nHead"],
    "n_embd": spec["nEmbd"],
    "block_size": spec["blockSize"],
    "vocab_size": spec["vocabSize"],
    "bias": spec["bias"],
    "dropout": spec["dropout"],
}
os.makedirs(out_dir, exist_ok=True)
checkpoint = {
    "model": state,
    "model_args": model_args,
    "iter_num": json.loads(metadata.get("nanobard.step", "0")),
    "best_val_loss": torch.tensor(1e9),
    "config": {"dataset": dataset},
}
torch.save(checkpoint, os.path.join(out_dir, "ckpt.pt"))
print(os.path.join(out_dir, "ckpt.pt"))
if tokenizer["type"] == "char":
    characters = tokenizer["characters"]
    folder = os.path.join("data", dataset)
    os.makedirs(folder, exist_ok=True)
    meta = {
        "vocab_size": len(characters),
        "itos": dict(enumerate(characters)),
        "stoi": {character: i for i, character in enumerate(characters)},
    }
    with open(os.path.join(folder, "meta.pkl"), "wb") as file:
        pickle.dump(meta, file)
    print(os.path.join(folder, "meta.pkl"))
else:
    print("note: without meta.pkl sample.py takes GPT-2's vocabulary; the model's own is another unless it came from there")
`;

export const TO_NANOBARD = `"""A checkpoint of nanoGPT as a model of nanobard.

    python to_nanobard.py OUT_DIR/ckpt.pt data/DATASET/meta.pkl model.safetensors

Give in place of meta.pkl, for a model with GPT-2's or another vocabulary, a model.safetensors of nanobard, whose
tokenizer is taken. Both inputs are pickles, which can run anything: only open those that you trust.
"""

import json
import pickle
import struct
import sys

import torch

if len(sys.argv) != 4:
    sys.exit(__doc__)
checkpoint_path, meta_path, out = sys.argv[1:]

checkpoint = torch.load(checkpoint_path, map_location="cpu", weights_only=False)
args = checkpoint["model_args"]
if meta_path.endswith(".safetensors"):
    with open(meta_path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        tokenizer = json.loads(json.loads(file.read(length))["__metadata__"]["nanobard.tokenizer"])
else:
    with open(meta_path, "rb") as file:
        itos = pickle.load(file)["itos"]
    tokenizer = {"type": "char", "characters": [itos[i] for i in range(len(itos))]}

spec = {
    "model": "gpt",
    "nLayer": args["n_layer"],
    "nHead": args["n_head"],
    "nEmbd": args["n_embd"],
    "blockSize": args["block_size"],
    "vocabSize": args["vocab_size"],
    "dropout": args.get("dropout", 0.0),
    "bias": args["bias"],
}
header = {
    "__metadata__": {
        "format": "pt",
        "nanobard.model": json.dumps(spec),
        "nanobard.tokenizer": json.dumps(tokenizer),
        "nanobard.step": json.dumps(int(checkpoint.get("iter_num", 0))),
    }
}
parts, offset = [], 0
for name, tensor in checkpoint["model"].items():
    name = name.removeprefix("_orig_mod.")  # of compiled models
    if name == "lm_head.weight" or name.endswith(".attn.bias"):  # tied to wte; a mask of old versions
        continue
    part = tensor.detach().float().contiguous().numpy().tobytes()
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(part)]}
    parts.append(part)
    offset += len(part)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(out, "wb") as file:
    file.write(struct.pack("<Q", len(text)))
    file.write(text)
    for part in parts:
        file.write(part)
print(out)
`;
