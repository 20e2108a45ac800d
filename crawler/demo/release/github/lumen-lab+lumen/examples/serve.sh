#!/bin/sh
# Serve the chat model with vLLM.
vllm serve lumen-lab/Lumen-2-7B-Chat --max-model-len 8192
