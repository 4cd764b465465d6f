"""The picture starter: data, model, training and evaluation of a picture model of under 40 MB that ships with Loam.

Every module is small and has one topic: sprites (drawings as pixels), words (captions), scenes (pictures made of sprites),
tokenizer, text (T5), dit, tae, flow (noise and steps), files (safetensors and GGUF), pack (the real picture pack through its
C API), train, judge (classifier), evaluate. Shapes are given as [batch, ...] in PyTorch's order everywhere.
"""
