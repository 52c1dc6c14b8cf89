"""The canonical model 1.0: what the gateway delivers, whatever came in.

schema.json is the public contract, model.py the same as Structs, requirements.csv what each filer type must send,
validate.py the check of a draft, encode.py the bytes.
"""
