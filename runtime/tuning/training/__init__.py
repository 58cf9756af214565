"""The process that trains: one for each device, started and watched by runtime.tuning.ranks.

Only here are torch, transformers, peft and trl imported.
"""
