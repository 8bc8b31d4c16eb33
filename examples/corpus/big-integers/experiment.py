import json

with open("powers.json", "w") as file:
    json.dump([2**n for n in range(0, 300, 50)], file)
