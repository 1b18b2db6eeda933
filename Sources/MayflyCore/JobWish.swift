/// What a person wants of a job that is at work or waits, as it stands in the store until the keeper has acted on it.
public enum JobWish: Hashable, Sendable {
    case cancel(JobID)
    /// Beyond the cancel: to end without the proof that its instance is gone.
    case forget(JobID)
    case hold(JobID, attempt: Int, HoldWish)
    case run(JobID, attempt: Int, RunWish)

    /// Between these and the same with the next character lie the keys of all notes that are wishes.
    public static let noteHeads = ["forget:", "hold:", "run:"]

    /// - Parameters:
    ///   - cancelled: the unfinished jobs that are to end.
    ///   - notes: the store's small facts whose keys begin with one of ``noteHeads``. One that is not understood is left out:
    ///     a newer Mayfly may say more.
    public static func all(cancelled: [JobID], notes: [(key: String, value: String)]) -> [JobWish] {
        let ending = notes.isEmpty ? [] : Set(cancelled)
        return cancelled.map { .cancel($0) }
            + notes.compactMap { note in
                let words = note.key.split(separator: ":")
                guard words.count >= 2, let number = Int64(words[1]) else { return nil }
                let job = JobID(rawValue: number)
                switch words[0] {
                case "forget" where words.count == 2: return ending.contains(job) ? .forget(job) : nil
                case "hold" where words.count == 3:
                    guard let attempt = Int(words[2]), let wish = HoldWish(stored: note.value) else { return nil }
                    return .hold(job, attempt: attempt, wish)
                case "run" where words.count == 3:
                    guard let attempt = Int(words[2]), let wish = RunWish(stored: note.value) else { return nil }
                    return .run(job, attempt: attempt, wish)
                default: return nil
                }
            }
    }
}
