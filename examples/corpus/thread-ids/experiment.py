import threading

with open("threads.txt", "w") as file:
    thread = threading.Thread(target=lambda: file.write(f"{threading.get_native_id()}\n"))
    thread.start()
    thread.join()
