/**
 * A Python program: runs a command on a terminal of its own and types what it is told when a word
 * appears, after the shell command in `MEANWHILE` if there is one. Its arguments are the word, the
 * keys, in which backslashes escape, and the command.
 */
export const typist: string = `
import os, pty, select, sys, time
word, keys, command = sys.argv[1].encode(), sys.argv[2].encode().decode("unicode_escape").encode(), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, typed, end = b"", False, time.time() + 30
while time.time() < end:
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if ready:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    if not typed and word in seen:
        os.system(os.environ.get("MEANWHILE", ":"))
        os.write(terminal, keys)
        typed = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
`;
