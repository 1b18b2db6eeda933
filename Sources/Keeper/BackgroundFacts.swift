import Adapters
import LocalCloud

/// What can be seen of a home's background processes without starting or changing any.
package struct BackgroundFacts: Sendable, Hashable {
    package struct Process: Sendable, Hashable {
        package var pid: Int32
        package var build: String
        /// What its instances are made of, for the local cloud.
        package var backend: String?

        package init(pid: Int32, build: String, backend: String? = nil) {
            self.pid = pid
            self.build = build
            self.backend = backend
        }
    }

    /// `nil` when none answers.
    package var keeper: Process?
    package var localCloud: Process?

    package init(keeper: Process? = nil, localCloud: Process? = nil) {
        self.keeper = keeper
        self.localCloud = localCloud
    }

    package static func look(home: MayflyHome) async -> BackgroundFacts {
        var facts = BackgroundFacts()
        if let client = await Processes.keeperIfRunning(home: home) {
            if case .hello(let build, let pid)? = try? await client.request(.hello(build: Build.id)) {
                facts.keeper = Process(pid: pid, build: build)
            }
            await client.close()
        }
        if let endpoint = await LocalCloudProcess(home: home).running() {
            facts.localCloud = Process(pid: endpoint.pid, build: endpoint.build, backend: endpoint.backend.rawValue)
        }
        return facts
    }

    /// The version of libssh2 in this process.
    package static var sshLibrary: String { SSHFacts.libraryVersion }
}
