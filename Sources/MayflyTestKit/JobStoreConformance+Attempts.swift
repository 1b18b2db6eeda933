internal import MayflyCore

extension JobStoreConformance {
    static let attemptChecks: [Check] = [
        Check("an attempt is replaced step by step and reads back exactly") { store in
            let ground = try await Ground(store)
            var state = Fixtures.attempt(of: ground.job)
            try await ground.save(state)
            let instance = ReachableInstance(id: InstanceID(rawValue: "i-1"), address: "10.0.0.7", sshPort: 2222)
            state.phase = .running(instance, .clock(.run))
            state.commandStarted = true
            state.objects = [
                CreatedObject(
                    kind: .instance, name: state.identity.description, cloudID: "i-1", state: .existing,
                    intendedAt: Fixtures.now.wall)
            ]
            state.warnings = ["a \"quoted\" warning"]
            state.teardown = .leaked(["i-1"])
            state.outcome = .failedUser(exitCode: 137)
            state.reason = Reason(code: "x", message: "y", cloudCode: "02035", cloudMessage: "z")
            try await ground.save(state)
            try expect(try await ground.record().attempts == [state], "one attempt, as saved last")
        },
        Check("attempts are listed oldest first") { store in
            let ground = try await Ground(store)
            for number in 1...12 { try await ground.save(Fixtures.doneAttempt(number, of: ground.job)) }
            let record = try await ground.record()
            try expect(record.attempts.map(\.number) == Array(1...12), "got \(record.attempts.map(\.number))")
            try expect(record.attempt?.number == 12, "the last is the job's")
        },
        Check("an outcome is set once") { store in
            let ground = try await Ground(store)
            var state = Fixtures.attempt(of: ground.job)
            state.outcome = .failedUser(exitCode: 1)
            try await ground.save(state)
            for other in [nil, Outcome.succeeded, .failedUser(exitCode: 2)] {
                var changed = state
                changed.outcome = other
                try await expectRefused(.outcomeAlreadySet, "outcome \(String(describing: other))") {
                    try await ground.save(changed)
                }
            }
            try expect(try await ground.record().attempt == state, "the first outcome stays")
            state.phase = .destroying(InstanceID(rawValue: "i"))
            try await ground.save(state)
            try expect(try await ground.record().attempt == state, "the rest may move")
        },
        Check("a done attempt never moves") { store in
            let ground = try await Ground(store)
            let done = Fixtures.doneAttempt(of: ground.job)
            try await ground.save(done)
            var moved = done
            moved.phase = .verifying(InstanceID(rawValue: "i"))
            try await expectRefused(.alreadyFinished, "moving") { try await ground.save(moved) }
            try expect(try await ground.record().attempt == done, "as it was")
        },
        Check("a new attempt begins only when the last is done") { store in
            let ground = try await Ground(store)
            try await ground.save(Fixtures.attempt(1, of: ground.job))
            try await expectRefused(.notDone, "two open attempts") {
                try await ground.save(Fixtures.attempt(2, of: ground.job))
            }
            try await ground.save(Fixtures.doneAttempt(1, of: ground.job))
            try await ground.save(Fixtures.attempt(2, of: ground.job))
            try expect(try await ground.record().attempts.map(\.number) == [1, 2], "both")
        },
        Check("an identity belongs to one attempt and never changes") { store in
            let ground = try await Ground(store)
            try await ground.save(Fixtures.attempt(of: ground.job))
            let renamed = Fixtures.attempt(of: ground.job, nonce: "zzzzzzzz")
            try await expectRefused(.failed, "another identity") { try await ground.save(renamed) }
            let other = try only(try await store.submit([Fixtures.newJob()]))
            try await expectRefused(.failed, "the identity of another job") {
                try await store.save(Fixtures.attempt(of: ground.job), of: other, token: ground.token)
            }
            try expect(try await store.job(other)?.attempts == [], "nothing was stored")
        },
        Check("a job is finished once, after its last attempt is done") { store in
            let ground = try await Ground(store)
            let time = Fixtures.now.wall
            try await expectRefused(.notDone, "no attempt") {
                try await store.finish(ground.job, at: time, token: ground.token)
            }
            try await ground.save(Fixtures.attempt(of: ground.job))
            try await expectRefused(.notDone, "open attempt") {
                try await store.finish(ground.job, at: time, token: ground.token)
            }
            try await ground.save(Fixtures.doneAttempt(of: ground.job))
            try await store.setWaiting(ground.job, for: "x", token: ground.token)
            try await store.finish(ground.job, at: time, token: ground.token)
            let record = try await ground.record()
            try expect(record.finishedAt == time && record.isFinished, "finished")
            try expect(record.waitingFor == nil, "a finished job waits for nothing")
            let later = time.advanced(by: .seconds(1))
            try await expectRefused(.alreadyFinished, "twice") {
                try await store.finish(ground.job, at: later, token: ground.token)
            }
            try await expectRefused(.alreadyFinished, "an attempt after the end") {
                try await ground.save(Fixtures.attempt(2, of: ground.job))
            }
            try await expectRefused(.alreadyFinished, "waiting after the end") {
                try await store.setWaiting(ground.job, for: "x", token: ground.token)
            }
            try expect(try await ground.record() == record, "and nothing changed")
        },
        Check("an attempt needs its job") { store in
            let ground = try await Ground(store)
            let nobody = JobID(rawValue: 99)
            try await expectRefused(.noSuchJob, "save") {
                try await store.save(Fixtures.attempt(of: nobody), of: nobody, token: ground.token)
            }
            try await expectRefused(.noSuchJob, "finish") {
                try await store.finish(nobody, at: Fixtures.now.wall, token: ground.token)
            }
        },
    ]
}
