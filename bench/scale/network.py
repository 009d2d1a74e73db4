"""Machines that are not there: a network namespace for each rank, joined by bench/scale/emulated_network at a speed and a time one way."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

ADDRESS = "10.77.0."
ON_CABLE = 240e-6  # seconds that a packet takes at most: the larger packets are, the less of the machine the emulation takes
SMALLEST, LARGEST = 1500, 65000


def packet_bytes(gigabits):
    return int(min(LARGEST, max(SMALLEST, ON_CABLE * gigabits * 1e9 / 8)))


class Network:
    """`with Network(...) as network: network.run(2, [program, ...])`. Needs root and /dev/net/tun."""

    def __init__(self, build, ranks, gigabits, milliseconds):
        self.build, self.ranks, self.gigabits, self.milliseconds = pathlib.Path(build).resolve(), ranks, gigabits, milliseconds
        self.prefix = f"glissade-{os.getpid()}-"
        self.names = [f"{self.prefix}{rank}" for rank in range(1, ranks + 1)]
        self.made = []

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that namespaces go
        self.folder = tempfile.TemporaryDirectory(prefix="glissade-network-")
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        for name in self.names:
            _ip("netns", "add", name)
            self.made.append(name)
        program = self.build / "bench/scale/emulated_network"
        self.process = subprocess.Popen([program, str(self.gigabits), str(self.milliseconds), *self.names], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("scale: the emulated network does not start; it needs root and /dev/net/tun")
        for number, name in enumerate(self.names, 1):
            _ip("-n", name, "link", "set", "dev", "lo", "up")
            _ip("-n", name, "addr", "add", f"{ADDRESS}{number}/24", "dev", "link")
            _ip("-n", name, "link", "set", "dev", "link", "mtu", str(packet_bytes(self.gigabits)), "up")
            # The device itself takes all at once. A queue before it is one that TCP sees: a sender puts a few packets into it, not all it has.
            _run("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", "link", "root", "tbf", "rate", f"{self.gigabits}gbit",
                 "burst", str(2 * packet_bytes(self.gigabits)), "limit", "100mb")
        # What mpirun takes for ssh: the address names the namespace, and the machine gets a name of its own there.
        self.agent = pathlib.Path(self.folder.name) / "agent"
        self.agent.write_text('#!/bin/sh\nnumber=${1##*.}\nshift\n'
                              f'exec ip netns exec {self.prefix}$number unshare --uts sh -c "hostname node$number; $*"\n')
        self.agent.chmod(0o755)
        self.hosts = pathlib.Path(self.folder.name) / "hosts"
        self.hosts.write_text("".join(f"{ADDRESS}{number} slots=1\n" for number in range(1, self.ranks + 1)))

    def __exit__(self, *_):
        if hasattr(self, "process"):
            self.process.stdin.close()
            self.process.wait()
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False)
        self.folder.cleanup()

    def command(self, program):
        """One rank on each machine."""
        mpirun = ["mpirun", "--allow-run-as-root", "--bind-to", "none", "-np", str(self.ranks), "--hostfile", str(self.hosts),
                  "--mca", "plm_rsh_agent", str(self.agent), "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "link",
                  "--mca", "oob_tcp_if_include", "link", "--mca", "pml", "ob1"]
        return ["ip", "netns", "exec", self.names[0], "unshare", "--uts", "sh", "-c", 'hostname node1; exec "$@"', "sh", *mpirun, *map(str, program)]


class OneMachine:
    """No network: all ranks on this machine, by memory that they share or by TCP."""

    def __init__(self, ranks, tcp=False):
        self.ranks, self.more = ranks, ["--mca", "btl", "tcp,self", "--mca", "pml", "ob1", "--mca", "btl_tcp_if_include", "lo"] if tcp else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def command(self, program):
        return ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-np", str(self.ranks), *self.more, *map(str, program)]


def _ip(*arguments):
    _run("ip", *arguments)


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"scale: '{' '.join(command)}': {done.stderr.strip()}; the emulated network needs root, iproute2 and the kernel's tbf")
