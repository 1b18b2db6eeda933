extension GenesisCloudClient {
    /// How an instance is now, or `nil` when a GET of it says 404.
    ///
    /// Like ``instance(_:)``, but questions asked at the same time share requests: of a thousand callers that wait for a
    /// thousand instances, all are answered by one paged listing of ten requests. A single question is one GET, asked at
    /// once. An instance that the listing lacks is asked for singly: "not in the list yet" is not "gone".
    /// - Throws: ``GenesisCloudError``.
    public func observe(_ id: Instance.ID) async throws -> Instance? {
        guard RequestRules.isPlain(id.rawValue) else {
            _ = try Call(.getInstance, id.rawValue)
            return nil
        }
        do {
            return try await watcher.ask(about: id, InstanceWatcher.Source(self))
        } catch is CancellationError {
            throw GenesisCloudError(code: .cancelled, message: "watching instance \(id): cancelled")
        }
    }
}

extension InstanceWatcher.Source {
    init(_ client: GenesisCloudClient) {
        get = { id in
            do {
                return try await client.instance(id)
            } catch let error as GenesisCloudError where error.code == .notFound {
                return nil
            }
        }
        list = {
            // Without the overlap of a complete listing: what is missed is asked for singly.
            var instances: [Instance] = []
            var number = 0
            while true {
                number += 1
                let size = min(max(1, client.configuration.pageSize), 100)
                let (page, call) = try await client.instances().read(.init(page: number, size: size))
                instances += page.items
                let real = min(size, page.size ?? size)
                if page.items.count < real || number * real >= page.total ?? .max { break }
                guard number < client.configuration.maximumPages else {
                    throw client.unreadable(call, "the listing does not end after \(number) pages")
                }
            }
            return InstanceWatcher.Listed(instances: instances, requests: number)
        }
    }
}
