import os
import random

random.seed(int(os.environ["RESEAL_SEED"]))
with open("darts.txt", "w") as file:
    file.writelines(f"{random.random()}\n" for _ in range(100))
