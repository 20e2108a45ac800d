"""Ask a Lumen model one question."""

import argparse

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="lumen-lab/Lumen-2-7B-Chat")
parser.add_argument("--question", default="Wat is een lantaarn?")
args = parser.parse_args()

tokenizer = AutoTokenizer.from_pretrained(args.model)
model = AutoModelForCausalLM.from_pretrained(args.model, torch_dtype=torch.bfloat16)
with torch.no_grad():
    inputs = tokenizer(args.question, return_tensors="pt")
    print(tokenizer.decode(model.generate(**inputs, max_new_tokens=64)[0]))
