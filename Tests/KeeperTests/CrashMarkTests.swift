import Foundation
import Testing

@testable import Keeper

/// What a process that dies leaves behind. The C part runs in a process of its own, compiled here.
@Suite struct CrashMarkTests {
    private static let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc", "/opt/swift/usr/bin/clang"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private static let program = """
        #include "mayfly_sys.h"
        #include <fcntl.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <string.h>
        #include <signal.h>
        #include <unistd.h>
        static const char *how;
        static void *other(void *nothing) { mayfly_work_on("mf-other"); pause(); return nothing; }
        int main(int argc, char **argv) {
            pthread_t thread;
            how = argv[2];
            mayfly_mark_crashes(open(argv[1], O_RDWR | O_CREAT | O_APPEND, 0600));
            pthread_create(&thread, 0, other, 0);
            const char *before = mayfly_work_on("mf-first");
            if (before) return 9;
            if (strcmp(mayfly_work_on("mf-second"), "mf-first")) return 9;
            if (!strcmp(how, "nothing")) mayfly_work_on(0);
            if (!strcmp(how, "abort")) abort();
            if (!strcmp(how, "sent")) { if (!fork()) { kill(getppid(), SIGSEGV); _exit(0); } pause(); }
            if (!strcmp(how, "killed")) kill(getpid(), SIGKILL);
            *(volatile int *)8 = 1;
            return argc;
        }
        """

    @Test(
        .enabled(if: compiler != nil, "needs a C compiler"),
        arguments: [
            ("fault", "mf-second\n"), ("abort", "mf-second\n"), ("nothing", "crashed\n"), ("sent", "crashed\n"),
            ("killed", ""),
        ])
    func aCrashNamesWhatItsThreadWasAtAndNothingElseDoes(how: String, line: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "mayfly-crash-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/CMayflySys")
        try Data(Self.program.utf8).write(to: folder.appending(path: "main.c"))
        let program = folder.appending(path: "program").path
        let built = try run(
            try #require(Self.compiler),
            [
                "-O1", "-pthread", "-D_Nonnull=", "-D_Nullable=", "-I", sources.path + "/include", "-o", program,
                folder.path + "/main.c",
                sources.path + "/crash_mark.c",
            ])
        try #require(built == 0)
        let mark = folder.appending(path: "mark").path
        // By a shell, so that a signal's end is an exit status and leaves no core.
        _ = try run("/bin/sh", ["-c", "ulimit -c 0; '\(program)' '\(mark)' \(how)"])
        #expect(try String(contentsOfFile: mark, encoding: .utf8) == line)
        let found = CrashMark.Found(text: line)
        #expect(found.hasCrashed == !line.isEmpty)
        #expect(found.machines == (line.hasPrefix("mf-") ? ["mf-second"] : []))
    }

    private func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
