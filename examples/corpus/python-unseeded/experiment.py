import json
import random

with open("mean.json", "w") as file:
    json.dump({"n": 100, "mean": sum(random.random() for _ in range(100)) / 100}, file)
