import Foundation
import MayflyCore
import OnInstance
import Testing

@Suite(.timeLimit(.minutes(2)), .everyShell)
struct BlackBoxTests {
    /// Booted 1000 s ago, the job began 500 s ago.
    private static let clock = "== clock\n 1000.00 2000000 1999500\n"

    private static func box(_ sections: String, exit: String = "exit 1") -> BlackBox {
        BlackBox(clock + "== status\n run \(exit) stdout 0 a stderr 0 b\n" + sections)
    }

    private static let kill =
        " [  700.123456] Out of memory: Killed process 4711 (python3) total-vm:9000000kB, anon-rss:8388608kB, "
        + "file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:17000kB oom_score_adj:0\n"

    @Test func theKernelKilledForMemory() {
        #expect(
            Self.box("== kernel\n" + Self.kill, exit: "exit 137").verdict
                == "the kernel killed it for memory: python3 (process 4711), which used 8.0 GiB")
        #expect(
            Self.box("== kernel\n" + Self.kill).verdict
                == "the kernel killed python3 (process 4711) for memory while the job ran, which used 8.0 GiB")
        #expect(
            Self.box("== cgroup\n low 0\n oom 1\n oom_kill 2\n", exit: "exit 137").verdict
                == "the kernel killed it for memory: its control group counts 2 such kills")
        #expect(Self.box("== cgroup\n oom_kill 0\n", exit: "exit 137").verdict == nil)
    }

    @Test func whatWasBeforeTheJobIsAnothers() {
        let old = Self.kill.replacingOccurrences(of: "  700.123456", with: "  400.123456")
        #expect(Self.box("== kernel\n" + old, exit: "exit 137").verdict == nil)
        let untimed = Self.kill.replacingOccurrences(of: "[  700.123456] ", with: "")
        #expect(Self.box("== kernel\n" + untimed, exit: "exit 137").verdict == nil)
        #expect(BlackBox("== kernel\n" + Self.kill).verdict == nil, "without a clock nobody can say")
    }

    @Test func theDiskWasFull() {
        let disk = "== disk\n /dev/vda1 83886080 83886080 0 100% /\n tmpfs 1024000 0 1024000 0% /tmp\n"
        #expect(Self.box(disk).verdict == "the disk was full: / has 0 bytes left of 80 GiB")
        #expect(Self.box("== disk\n /dev/vda1 83886080 1 83886079 1% /\n").verdict == nil)
        #expect(
            Self.box("== inodes\n /dev/vda1 5242880 5242880 0 100% /\n").verdict
                == "the disk was full: / has no room for another file")
        #expect(Self.box("== inodes\n btrfs 0 0 0 - /\n").verdict == nil, "it counts none")
        #expect(
            Self.box("== stderr\n OSError: [Errno 28] No space left on device\n").verdict
                == "a disk was full, says the end of its output")
    }

    @Test func theGPU() {
        let xid = "== kernel\n [  701.5] NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus.\n"
        #expect(Self.box(xid).verdict == "the GPU fell off the bus (Xid 79): the machine's fault, not the job's")
        let fault = "== kernel\n [  701.5] NVRM: Xid (PCI:0000:01:00): 31, pid=42, name=python, MMU Fault\n"
        #expect(Self.box(fault).verdict?.contains("(Xid 31): as a rule the program's fault") == true)
        #expect(Self.box("== kernel\n [  701.5] NVRM: Xid (PCI:0000:01:00): 999, pid=42\n").verdict == nil)
        #expect(
            Self.box("== gpu\n Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.\n").verdict?
                .hasPrefix("a GPU is lost") == true)
        #expect(
            Self.box("== stderr\n torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\n").verdict
                == "the GPU's memory ran out, says the end of its output")
    }

    /// The lines of NVIDIA's "GPU Memory Error Management" and "Xid Errors", and one of nvidia-smi.
    @Test(arguments: [
        (
            "NVRM: Xid (PCI:0000:01:00 GPU-I:05): 94, pid=7194, Contained: CE User Channel (0x9). RST: No, D-RST: No",
            true
        ),
        ("NVRM: Xid (PCI:0000:01:00): 94, pid=7062, Contained: CE User Channel (0x9). RST: No, D-RST: No", true),
        ("NVRM: Xid (PCI:0000:01:00): 95, pid=7062, Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No", true),
        ("NVRM: Xid (PCI:0000:10:1c): 63, pid=1896, Row Remapper: New row marked for remapping", true),
        (
            "NVRM: Xid (PCI:0000:0f:00): 64, pid=57530, Row Remapper Error: All reserved rows for bank are remapped",
            true
        ),
        (
            "NVRM: Xid (PCI:0000:06:00): 48, pid=9, An uncorrectable double bit error (DBE) has been detected on GPU",
            true
        ),
        ("NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus.", true),
        ("NVRM: Xid (PCI:0000:01:00): 31, pid=42, name=python, MMU Fault", false),
        ("NVRM: Xid (PCI:0000:01:00): 13, pid=42, Graphics SM Warp Exception", false),
        ("NVRM: Xid (PCI:0000:01:00): 74, pid=42, NVLink: fatal error detected on link 2", false),
        ("NVRM: Xid (PCI:0000:01:00): 479, pid=42", false),
    ])
    func onlyClearSignsMeanABrokenGPU(line: String, isBroken: Bool) {
        let box = Self.box("== kernel\n [  701.5] \(line)\n")
        #expect(box.showsBrokenGPU == isBroken)
        #expect(!isBroken || box.verdict?.contains("the machine's fault") == true, "\(box.verdict ?? "none")")
        #expect(!Self.box("== kernel\n [  400.5] \(line)\n").showsBrokenGPU, "before the job began")
        #expect(!Self.box("== stdout\n [  701.5] \(line)\n").showsBrokenGPU, "a job's own words")
    }

    @Test func aLostGPUIsBrokenOnlyByNvidiaSmisWord() {
        let words =
            "Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.  Reboot the system to recover this GPU"
        #expect(Self.box("== gpu\n \(words)\n").showsBrokenGPU)
        #expect(!Self.box("== stderr\n \(words)\n").showsBrokenGPU)
    }

    @Test func withoutSignsThereIsNoVerdictAndOutputForgesNone() {
        #expect(BlackBox("").verdict == nil)
        #expect(Self.box("== stdout\n Killed process 1 (x) Out of memory\n").verdict == nil)
        #expect(Self.box("== stdout\n == kernel\n \(Self.kill)").verdict == nil)
        let evil = Self.kill.replacingOccurrences(of: "python3", with: "\u{1B}[2Jevil")
        #expect(Self.box("== kernel\n" + evil, exit: "exit 137").verdict?.contains("\u{1B}") == false)
    }

    @Test func noSecretIsToldAndOutputBeginsNoSection() async throws {
        let instance = try await TestInstance()
        let launch = TestInstance.launch(
            .shell(
                "printf 'out\\n== kernel\\n'; printf 'No space left on device' >&2; echo $HIDDEN >/dev/null; exit 3"),
            secrets: [EnvironmentVariable(name: "HIDDEN", value: "hunter2-secret")])
        _ = try await instance.complete(launch)
        let step = RemoteStep(
            command: "HIDDEN=hunter2-secret sh \(instance.state)/supervisor.sh black-box", input: [])
        let answer = try await instance.run(step)
        #expect(answer.code == 0 && answer.errors.isEmpty, "\(answer.errors)")
        #expect(!answer.text.contains("hunter2"))
        #expect(answer.stdout.count < BlackBox.sizeLimit)
        for line in ["run exit 3 stdout", "== kernel", "No space left on device", "out"] {
            #expect(answer.text.contains("\n \(line)"), "\(line)")
        }
        #expect(answer.text.split(separator: "\n").count { $0 == "== kernel" } == 1, "output begins no section")
        #expect(BlackBox(answer.text).verdict?.contains("disk was full") == true)
    }

    @Test func itIsToldWhateverIsMissing() async throws {
        let instance = try await TestInstance()
        let answer = try await instance.run(instance.supervisor.blackBox())
        #expect(answer.code == 0 && answer.text.hasPrefix("== clock\n "), "\(answer.text.prefix(100))")
        let flood = TestInstance.launch(.shell("head -c 5000000 /dev/zero | tr '\\0' x; exit 1"))
        _ = try await instance.complete(flood)
        #expect(try await instance.run(instance.supervisor.blackBox()).stdout.count < BlackBox.sizeLimit)
    }
}
