internal import MayflyCore

extension JobStoreConformance {
    static let reignChecks: [Check] = [
        Check("each reign ends the one before") { store in
            let ground = try await Ground(store)
            let newer = try await store.beginReign(owner: "keeper-2", at: Fixtures.now.wall)
            try expect(newer.rawValue > ground.token.rawValue, "tokens ascend")
            let state = Fixtures.attempt(of: ground.job)
            try await expectRefused(.fenced, "save") { try await ground.save(state) }
            try await expectRefused(.fenced, "setWaiting") {
                try await store.setWaiting(ground.job, for: "x", token: ground.token)
            }
            try await expectRefused(.fenced, "finish") {
                try await store.finish(ground.job, at: Fixtures.now.wall, token: ground.token)
            }
            let record = try await ground.record()
            try expect(record.attempts.isEmpty && record.waitingFor == nil, "nothing was written")
            try await store.save(state, of: ground.job, token: newer)
            try expect(try await ground.record().attempts == [state], "the new keeper writes")
        },
        Check("nobody writes attempts before a reign, or with a token of the future") { store in
            let id = try only(try await store.submit([Fixtures.newJob()]))
            let state = Fixtures.attempt(of: id)
            try await expectRefused(.fenced, "no reign") {
                try await store.save(state, of: id, token: FencingToken(rawValue: 0))
            }
            let token = try await store.beginReign(owner: "k", at: Fixtures.now.wall)
            try await expectRefused(.fenced, "future") {
                try await store.save(state, of: id, token: FencingToken(rawValue: token.rawValue + 1))
            }
        },
        Check("clients submit and cancel without a reign") { store in
            let ground = try await Ground(store)
            _ = try await store.beginReign(owner: "keeper-2", at: Fixtures.now.wall)
            _ = try await store.submit([Fixtures.newJob()])
            try expect(try await store.requestCancel(ground.job, at: Fixtures.now.wall), "cancelled")
        },
    ]

    static let sharedChecks: [Check] = [
        Check("the installation's name is drawn once") { store in
            try expect(try await store.installation(fresh: "aaaaaaaa") == "aaaaaaaa", "first")
            try expect(try await store.installation(fresh: "bbbbbbbb") == "aaaaaaaa", "kept")
        },
        Check("facts are kept, replaced and removed") { store in
            try expect(try await store.value("anchor") == nil, "none")
            try await store.setValue("k-1", for: "anchor")
            try await store.setValue("k-2", for: "anchor")
            try await store.setValue("", for: "empty")
            try expect(try await store.value("anchor") == "k-2", "replaced")
            try expect(try await store.value("empty") == "", "an empty text is a value")
            try await store.setValue(nil, for: "anchor")
            try await store.setValue(nil, for: "never there")
            try expect(try await store.value("anchor") == nil, "removed")
        },
        Check("the change counter moves with every kind of write, and only then") { store in
            var last = try await store.changeCounter()
            func moved(_ what: String, _ body: () async throws -> Void) async throws {
                try await body()
                let now = try await store.changeCounter()
                try expect(now != last, "after \(what)")
                last = now
            }
            var ids: [JobID] = []
            try await moved("submit") { ids = try await store.submit([Fixtures.newJob()]) }
            let id = try only(ids)
            var token = FencingToken(rawValue: 0)
            try await moved("beginReign") { token = try await store.beginReign(owner: "k", at: Fixtures.now.wall) }
            try await moved("setWaiting") { try await store.setWaiting(id, for: "x", token: token) }
            try await moved("cancel") { _ = try await store.requestCancel(id, at: Fixtures.now.wall) }
            try await moved("moveResults") { _ = try await store.moveResults(id, to: "/elsewhere") }
            try await moved("save") { try await store.save(Fixtures.doneAttempt(of: id), of: id, token: token) }
            try await moved("finish") { try await store.finish(id, at: Fixtures.now.wall, token: token) }
            try await moved("setValue") { try await store.setValue("v", for: "k") }
            _ = try await store.jobs(.all)
            _ = try? await store.save(Fixtures.attempt(2, of: id), of: id, token: token)
            try expect(try await store.changeCounter() == last, "reads and refused writes are no news")
        },
        Check("20 writers at once lose nothing and share no number") { store in
            let ids = try await withThrowingTaskGroup(of: [JobID].self) { group in
                for writer in 0..<20 {
                    group.addTask {
                        var ids: [JobID] = []
                        for _ in 0..<5 {
                            ids += try await store.submit([
                                Fixtures.newJob(submission: "w\(writer)"), Fixtures.newJob(submission: "w\(writer)"),
                            ])
                        }
                        return ids
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try expect(Set(ids).count == 200, "200 different numbers, got \(Set(ids).count)")
            try expect(try await store.jobs(.all).map(\.id) == ids.sorted(), "all are there")
            for writer in 0..<20 {
                try expect(try await store.jobs(.submission("w\(writer)")).count == 10, "of writer \(writer)")
            }
        },
        Check("of many reigns begun at once one is left that may write") { store in
            let id = try only(try await store.submit([Fixtures.newJob()]))
            let tokens = try await withThrowingTaskGroup(of: FencingToken.self) { group in
                for keeper in 0..<10 {
                    group.addTask { try await store.beginReign(owner: "k\(keeper)", at: Fixtures.now.wall) }
                }
                return try await group.reduce(into: [FencingToken]()) { $0.append($1) }
            }
            try expect(Set(tokens).count == 10, "every reign has its own token")
            var allowed = 0
            for token in tokens {
                do {
                    try await store.setWaiting(id, for: "reign \(token.rawValue)", token: token)
                    allowed += 1
                } catch let error as JobStoreError where error.code == .fenced {}
            }
            try expect(allowed == 1, "one may write, got \(allowed)")
        },
        Check("a cancelled task still journals") { store in
            let ground = try await Ground(store)
            let state = Fixtures.doneAttempt(of: ground.job)
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await ground.save(state)
                try await store.finish(ground.job, at: Fixtures.now.wall, token: ground.token)
            }
            task.cancel()
            try await task.value
            let record = try await ground.record()
            try expect(record.attempts == [state] && record.isFinished, "both were written")
        },
    ]
}
