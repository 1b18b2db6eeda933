import Adapters
import ArgumentParser
import Keeper
import MayflyCore
import Synchronization

struct ForwardCommand: MayflyCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward", abstract: "Makes ports of a running job's instance reachable on this machine.",
        discussion: """
            For Jupyter, TensorBoard and the like, which the instance offers to itself only:
              mayfly forward last 8888              127.0.0.1:8888 here is 8888 there
              mayfly forward 41 9000:8888           9000 here; 0:8888 takes any free port
              mayfly forward 41 5432:db.internal:5432   a host as the instance sees it
            Goes on until Ctrl-C or the end of the instance. A connection that breaks is made again.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("A job's number or name, or last.", valueName: "job"))
    var job: JobReference

    @Argument(help: ArgumentHelp("PORT, HERE:PORT or HERE:HOST:PORT.", valueName: "port"))
    var ports: [ForwardedPort]

    mutating func run(in context: CommandContext) async throws -> Int32 {
        let home = try context.home(global)
        let store = try await context.openStore(home)
        var record = try await JobAccess.one(job, in: context, home)
        let console = context.console
        // Once open a port keeps its number, so that what points at it works again after a break.
        var places = ports
        var isOpen = false
        while true {
            if isOpen, record.attempt?.phase.reachableInstance == nil {
                console.error(line: "mayfly: \(record.title) is \(record.phaseWord): forwarding ends")
                return 0
            }
            do {
                let access = try JobAccess.access(to: record, home: home)
                let connection = try await JobAccess.connected(to: record, home)
                console.draw([])
                places = try await Self.carry(places, over: connection, access, tells: !isOpen, record, console)
            } catch let error as CommandError where error.code == .connection && isOpen {
                console.draw(["\(record.title): \(error.message); trying again"])
            } catch let error as InstanceConnection.Refused {
                throw CommandError(code: .usage, message: "\(error.message): name another, as in 9000:8888")
            }
            isOpen = isOpen || places != ports || !ports.contains { $0.here == 0 }
            try await context.time.sleep(for: .seconds(1))
            record = try await store.job(record.id) ?? record
        }
    }

    /// Carries until the connection is lost.
    /// - Returns: the ports as they were opened.
    private static func carry(
        _ places: [ForwardedPort], over connection: InstanceConnection, _ access: InstanceAccess, tells: Bool,
        _ job: JobRecord, _ console: Console
    ) async throws -> [ForwardedPort] {
        let opened = OpenedPorts(places)
        do {
            try await connection.withForwards(again: { try await access.connect() }) { forwards in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (index, place) in places.enumerated() {
                        group.addTask {
                            try await forwards.forward(place.here, to: place.host, place.port) { event in
                                switch event {
                                case .listening(let port):
                                    opened.set(port, at: index)
                                    if tells {
                                        console.error(line: "127.0.0.1:\(port) is \(place.title) of \(job.title)")
                                    }
                                case .failed(let words):
                                    console.error(line: "mayfly: \(place.title): \(ControlSequences.line(words))")
                                }
                            }
                        }
                    }
                    defer { group.cancelAll() }
                    while try await group.next() != nil {}
                }
            }
        } catch let error as RemoteError {
            console.error(line: "mayfly: \(job.title): \(error.message)")
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return opened.places
    }
}

/// `PORT`, `HERE:PORT` or `HERE:HOST:PORT`.
struct ForwardedPort: ExpressibleByArgument, Sendable, Hashable {
    /// 0 takes any free one.
    var here: Int
    var host = "127.0.0.1"
    var port: Int

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let last = parts.last.flatMap(Int.init), (1...65535).contains(last),
            let first = parts.first.flatMap(Int.init), (0...65535).contains(first), parts.count <= 3
        else { return nil }
        here = first
        port = last
        if parts.count == 3 {
            guard !parts[1].isEmpty else { return nil }
            host = parts[1]
        }
    }

    var title: String { host == "127.0.0.1" ? "port \(port)" : "\(host):\(port)" }
}

private final class OpenedPorts: Sendable {
    private let list: Mutex<[ForwardedPort]>

    init(_ places: [ForwardedPort]) { list = Mutex(places) }

    var places: [ForwardedPort] { list.withLock { $0 } }

    func set(_ port: Int, at index: Int) { list.withLock { $0[index].here = port } }
}
