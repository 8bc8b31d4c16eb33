import json, os

state = int(os.environ["RESEAL_SEED"])
throws = []
for _ in range(5):
    state = (state * 1103515245 + 12345) % 2**31
    throws.append(1 + (state >> 16) % 6)
print("threw", *throws)

with open("throws.csv", "w", newline="") as file:
    for number, pips in enumerate(throws, 1):
        file.write(f"{number},{pips}\n")
with open(os.environ["RESEAL_RUN_DIR"] + "/metrics.jsonl", "a") as file:
    file.write(json.dumps({"name": "mean", "value": sum(throws) / 5}) + "\n")
