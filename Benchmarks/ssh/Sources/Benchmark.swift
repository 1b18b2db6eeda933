import Glibc
import SSHTransport

/// From the command line to one case and its line of JSON.
struct Benchmark {
    private let name: String
    private let arguments: Arguments

    init(words: [String]) {
        name = words.first ?? "help"
        arguments = Arguments(Array(words.dropFirst()))
    }

    func run() async -> Int32 {
        do {
            switch name {
            case "sessions": try await SessionsCase(arguments).run().print()
            case "memory": try await MemoryCase(arguments).run().print()
            case "bulk": try await BulkCase(arguments).run().print()
            case "install": try await TreeCase(arguments).install().print()
            case "upload": try await TreeCase(arguments).upload().print()
            case "download": try await TreeCase(arguments).download().print()
            case "follow": try await FollowCase(arguments).run().print()
            case "proxy": try await DelayProxy(arguments).run()
            case "version": print("{\"libssh2\": \"\(SSHLibrary.version)\"}")
            default:
                complain(Self.usage)
                return 64
            }
            return 0
        } catch {
            complain("ssh-benchmark \(name): \(error)")
            return 1
        }
    }

    private func complain(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }

    private static let usage = """
        usage: ssh-benchmark CASE --host HOST --port PORT --user NAME --key FILE --host-key FILE …
          sessions  --count N --at-once N [--pinned]    connect, log in, run `true`, close
          memory    --count N --at-once N               open and keep them, compare resident memory
          bulk      --direction down|up --remote PATH --local PATH [--window BYTES]
          install   --nonce NAME                        the supervisor, which the next three need
          upload    --nonce NAME --local PATH --remote PATH [--connections N] [--in-turn]
          download  --nonce NAME --remote PATH --local PATH
          follow    --nonce NAME --lines N              a command that prints the time, followed
          proxy     --listen PORT --to PORT --round-trip-ms N
          version
        """
}
