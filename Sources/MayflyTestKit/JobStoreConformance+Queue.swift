internal import MayflyCore

extension JobStoreConformance {
    static let queueChecks: [Check] = [
        Check("a submitted job reads back exactly") { store in
            var definition = Fixtures.definition(command: .argv(["python", "train it.py", "ünï\u{0}code"]))
            definition.startupScript = StartupScript(text: "#cloud-config\nruncmd: [true]\n")
            definition.code = FrozenCode(
                sha256: "ab", byteCount: 1 << 40, fileCount: 2, gitCommit: "c0", gitDirty: true)
            definition.timeouts.total = .milliseconds(1500)
            let cloud = CloudReference(kind: .genesis, endpoint: "https://api.genesiscloud.com/compute/v1")
            let new = Fixtures.newJob(definition, submission: "night", limit: 7, cloud: cloud)
            let ids = try await store.submit([new])
            let record = try await store.job(try only(ids))
            try expect(
                record
                    == JobRecord(
                        id: try only(ids), definition: definition, cloud: cloud, resultsParent: new.resultsParent,
                        submission: "night", submissionLimit: 7, submittedAt: new.submittedAt),
                "got \(String(describing: record))")
        },
        Check("numbers ascend in the order of submission and start at 1") { store in
            let first = try await store.submit([Fixtures.newJob(), Fixtures.newJob(), Fixtures.newJob()])
            let second = try await store.submit([Fixtures.newJob()])
            try expect((first + second).map(\.rawValue) == [1, 2, 3, 4], "got \(first + second)")
            try expect(try await store.submit([]) == [], "an empty submission has no numbers")
        },
        Check("a declined number is nobody's, then and later") { store in
            let ids = try await store.submit([Fixtures.newJob(), Fixtures.newJob()]) { _, id in
                [2, 5].contains(id.rawValue)
            }
            let next = try await store.submit([Fixtures.newJob()])
            try expect((ids + next).map(\.rawValue) == [2, 5, 6], "got \(ids + next)")
            for number: Int64 in [1, 3, 4] {
                try expect(try await store.job(JobID(rawValue: number)) == nil, "no job \(number)")
            }
            try expect(try await store.job(ids[1])?.id == ids[1], "job 5 by its number")
            try expect(try await store.jobs(.all).map(\.id) == ids + next, "in order")
            try expect(try await store.jobs(.submitted(after: JobID(rawValue: 3))).map(\.id) == [ids[1]] + next, "news")
        },
        Check("what is thrown about a number leaves nothing") { store in
            do {
                _ = try await store.submit([Fixtures.newJob(), Fixtures.newJob()]) { _, id in
                    if id.rawValue == 2 { throw CancellationError() }
                    return true
                }
                try expect(false, "it is not thrown")
            } catch is CancellationError {}
            try expect(try await store.jobs(.all).isEmpty, "nothing is stored")
        },
        Check("an unknown job is nil") { store in
            try expect(try await store.job(JobID(rawValue: 1)) == nil, "no job 1")
            try expect(try await store.job(JobID(rawValue: -1)) == nil, "no job -1")
            try expect(try await store.job(JobID(rawValue: .max)) == nil, "no job of the largest number")
        },
        Check("filters select, by ascending number") { store in
            let ids = try await store.submit(
                ["a", "b", "a", "c"].map { Fixtures.newJob(submission: $0) })
            let token = try await store.beginReign(owner: "k", at: Fixtures.now.wall)
            try await store.save(Fixtures.doneAttempt(of: ids[1]), of: ids[1], token: token)
            try await store.finish(ids[1], at: Fixtures.now.wall, token: token)
            func numbers(_ filter: JobFilter) async throws -> [JobID] { try await store.jobs(filter).map(\.id) }
            try expect(try await numbers(.all) == ids, "all")
            try expect(try await numbers(.unfinished) == [ids[0], ids[2], ids[3]], "unfinished")
            try expect(
                try await numbers(.submitted(after: JobID(rawValue: 0))) == [ids[0], ids[2], ids[3]], "after none")
            try expect(try await numbers(.submitted(after: ids[0])) == [ids[2], ids[3]], "after the first")
            try expect(try await numbers(.submitted(after: ids[3])) == [], "after the last")
            try expect(try await numbers(.submission("a")) == [ids[0], ids[2]], "submission a")
            try expect(try await numbers(.submission("z")) == [], "submission z")
            try expect(try await numbers(.newest(2)) == [ids[2], ids[3]], "newest 2")
            try expect(try await numbers(.newest(0)) == [], "newest 0")
            try expect(try await numbers(.newest(-1)) == [], "newest -1")
            try expect(try await numbers(.newest(99)) == ids, "newest 99")
        },
        Check("the newest of a name") { store in
            let names = ["a", "b", "a", "c"]
            let ids = try await store.submit(names.map { Fixtures.newJob(Fixtures.definition(name: $0)) })
            try expect(try await store.newestJob(named: "a")?.id == ids[2], "of two")
            try expect(try await store.newestJob(named: "b")?.definition.name == "b", "of one")
            try expect(try await store.newestJob(named: "A") == nil, "of none")
        },
        Check("a cancel keeps its first time") { store in
            let ground = try await Ground(store)
            let later = Fixtures.now.wall.advanced(by: .seconds(9))
            try expect(try await store.requestCancel(ground.job, at: Fixtures.now.wall), "first")
            try expect(try await store.requestCancel(ground.job, at: later), "second")
            try expect(try await ground.record().cancelRequestedAt == Fixtures.now.wall, "the first time is kept")
            try expect(try await store.requestCancel(JobID(rawValue: 99), at: later) == false, "no such job")
        },
        Check("a finished job cannot be cancelled") { store in
            let ground = try await Ground(store)
            try await ground.save(Fixtures.doneAttempt(of: ground.job))
            try await store.finish(ground.job, at: Fixtures.now.wall, token: ground.token)
            try expect(try await store.requestCancel(ground.job, at: Fixtures.now.wall) == false, "finished")
            try expect(try await ground.record().cancelRequestedAt == nil, "and nothing is recorded")
        },
        Check("an unfinished job's results can be sent elsewhere") { store in
            let ground = try await Ground(store)
            try expect(try await store.moveResults(ground.job, to: "/elsewhere"), "moved")
            try expect(try await ground.record().resultsParent == "/elsewhere", "and on record")
            try expect(try await store.moveResults(JobID(rawValue: 99), to: "/x") == false, "no such job")
            try await ground.save(Fixtures.doneAttempt(of: ground.job))
            try await store.finish(ground.job, at: Fixtures.now.wall, token: ground.token)
            try expect(try await store.moveResults(ground.job, to: "/late") == false, "finished")
            try expect(try await ground.record().resultsParent == "/elsewhere", "and nothing is changed")
        },
        Check("wishes are told while their job is unfinished") { store in
            let ids = try await store.submit((0..<12).map { _ in Fixtures.newJob() })
            let token = try await store.beginReign(owner: "k", at: Fixtures.now.wall)
            try expect(try await store.wishes() == [], "nobody wants anything")
            for place in [10, 2, 1] { _ = try await store.requestCancel(ids[place], at: Fixtures.now.wall) }
            try await store.setValue("1", for: JobRecord.forgetKey(ids[2]))
            try await store.setValue("1", for: JobRecord.forgetKey(ids[5]))
            let end = HoldWish.extend(to: Fixtures.now.wall)
            try await store.setValue(end.stored, for: HoldWish.key(ids[3], attempt: 2))
            try await store.setValue("a newer Mayfly's", for: HoldWish.key(ids[4], attempt: 1))
            try await store.setValue("1", for: "holding:7:1")
            let cancels = [1, 2, 10].map { JobWish.cancel(ids[$0]) }
            var wishes = try await store.wishes()
            try expect(
                wishes == cancels + [.forget(ids[2]), .hold(ids[3], attempt: 2, end)],
                "cancels by number, then a forget where there is a cancel, and holds; got \(wishes)")
            try await store.save(Fixtures.doneAttempt(of: ids[2]), of: ids[2], token: token)
            try await store.finish(ids[2], at: Fixtures.now.wall, token: token)
            try await store.setValue(nil, for: HoldWish.key(ids[3], attempt: 2))
            wishes = try await store.wishes()
            try expect(wishes == [cancels[0], cancels[2]], "what is over, and what was taken back; got \(wishes)")
        },
        Check("waiting is said and cleared") { store in
            let ground = try await Ground(store)
            try await store.setWaiting(ground.job, for: "waiting for token", token: ground.token)
            try expect(try await ground.record().waitingFor == "waiting for token", "set")
            try await store.setWaiting(ground.job, for: nil, token: ground.token)
            try expect(try await ground.record().waitingFor == nil, "cleared")
            try await expectRefused(.noSuchJob, "waiting of nobody") {
                try await store.setWaiting(JobID(rawValue: 99), for: "x", token: ground.token)
            }
        },
    ]

    static func only(_ ids: [JobID]) throws -> JobID {
        guard ids.count == 1, let id = ids.first else {
            throw ConformanceFailure(description: "one number, got \(ids)")
        }
        return id
    }
}
