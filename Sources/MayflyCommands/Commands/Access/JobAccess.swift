import Adapters
import Glibc
import Keeper
import Logging
import MayflyCore

/// From a job's name to its instance, for the commands that reach it by hand.
enum JobAccess {
    /// - Throws: ``CommandError`` when the job has no instance that can be reached just now.
    static func access(to job: JobRecord, home: MayflyHome) throws -> InstanceAccess {
        guard !job.isFinished else {
            throw CommandError(
                code: .usage,
                message: "\(job.title) is over and its instance is gone; its results are in \(job.resultsFolder)")
        }
        guard let access = InstanceAccess(to: job, keysFolder: home.keys, logger: logger) else {
            throw CommandError(
                code: .usage,
                message: "\(job.title) is \(job.phaseWord): its instance can be reached from \"connecting\" to "
                    + "\"snapshotting\"; `mayfly attach \(job.id)` shows when")
        }
        return access
    }

    static func one(_ reference: JobReference, in context: CommandContext, _ home: MayflyHome) async throws
        -> JobRecord
    {
        let jobs = try await JobReference.resolve([reference], in: try await context.openStore(home))
        guard jobs.count == 1, let job = jobs.first else {
            throw CommandError(code: .usage, message: "name one job: \"all\" are \(jobs.count)")
        }
        return job
    }

    /// - Throws: ``CommandError`` that says what to do about it.
    static func connected(to job: JobRecord, _ home: MayflyHome) async throws -> InstanceConnection {
        let access = try access(to: job, home: home)
        return try await reaching(job) { try await access.connect() }
    }

    /// For what needs the supervisor, which comes with the preparing.
    private static func prepared(_ job: JobRecord, _ home: MayflyHome) async throws -> InstanceConnection {
        if case .connecting = job.attempt?.phase {
            throw CommandError(
                code: .usage, message: "\(job.title) is still connecting: its instance is not ready yet, try again")
        }
        return try await connected(to: job, home)
    }

    /// Runs a copy on a connection of its own, which is closed whatever becomes of it; when it is lost, once more on another,
    /// after a while, as often as ``CopyTries`` says.
    /// - Parameter work: goes on from what its earlier tries have left.
    /// - Throws: ``CommandError`` for whatever ends a copy.
    static func copying<Value>(
        with job: JobRecord, _ home: MayflyHome, _ meter: TransferMeter, _ context: CommandContext,
        _ work: (InstanceConnection, CopyTries) async throws -> Value
    ) async throws -> Value {
        let tries = CopyTries()
        var connection = try await prepared(job, home)
        while true {
            var lost: RemoteError
            do {
                let value = try await work(connection, tries)
                await connection.close()
                return value
            } catch let error as RemoteError where error.kind == .connectionLost || error.kind == .notReady {
                lost = error
                await connection.close()
            } catch {
                meter.clear()
                await connection.close()
                throw CopyFailure.of(error, job)
            }
            meter.clear()
            let access = try access(to: job, home: home)
            while true {
                guard let pause = tries.nextPause() else { throw CopyFailure.of(lost, job) }
                context.console.error(
                    line: "mayfly: \(job.title): \(lost.message); trying again in \(TimeText.duration(pause))")
                try await context.time.sleep(for: pause)
                do {
                    connection = try await access.connect()
                    break
                } catch let error as RemoteError where error.kind == .notReady || error.kind == .connectionLost {
                    lost = error
                }
            }
        }
    }

    static func clientOptions(of job: JobRecord, _ home: MayflyHome) async throws -> [(name: String, value: String)] {
        let access = try access(to: job, home: home)
        return try await reaching(job) { try await access.clientOptions() }
    }

    private static func reaching<Value>(_ job: JobRecord, _ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as RemoteError {
            throw CommandError(
                code: .connection,
                message: "\(job.title) cannot be reached: \(error.message); `mayfly show \(job.id)` tells its phase")
        }
    }

    private static var logger: Logger {
        Logger(label: "ssh") { _ in SwiftLogNoOpLogHandler() }
    }
}

/// Becomes another program of this machine: signals, terminal and exit code are then that program's own.
enum ProgramReplacement {
    /// - Throws: ``CommandError`` when there is no such program; else it does not return.
    static func exec(_ words: [String], package: String) throws -> Never {
        signal(SIGPIPE, SIG_DFL)
        var arguments = words.map { strdup($0) }
        arguments.append(nil)
        execvp(words[0], arguments)
        let number = errno
        for argument in arguments { free(argument) }
        signal(SIGPIPE, SIG_IGN)
        throw CommandError(
            code: .usage,
            message: "\(words[0]) cannot be run: \(String(cString: strerror(number))); install it, as with "
                + "`apt install \(package)`")
    }
}
