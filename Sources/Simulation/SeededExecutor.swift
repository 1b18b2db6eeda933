/// Runs one simulated process's tasks one step at a time, on the thread that asks for the step.
///
/// All state of a simulation is touched by that thread only, which is what `@unchecked Sendable` rests on throughout this
/// room: nothing in it locks, and nothing may leave its executors.
final class SeededExecutor: TaskExecutor, @unchecked Sendable {
    private var ready: [UnownedJob] = []
    private var parked: [UnsafeContinuation<Void, Never>] = []
    /// The other of two lists that take turns, so that none is allocated for every step.
    private var woken: [UnsafeContinuation<Void, Never>] = []
    /// A process that is stopped (SIGSTOP) keeps all it has, and does nothing.
    var isFrozen = false

    /// How many steps could be run now.
    var readyCount: Int {
        if !parked.isEmpty {
            swap(&parked, &woken)
            for continuation in woken { continuation.resume() }
            woken.removeAll(keepingCapacity: true)
        }
        return isFrozen ? 0 : ready.count
    }

    func enqueue(_ job: consuming ExecutorJob) { ready.append(UnownedJob(job)) }

    /// Runs the step at `index` of those that are ready.
    func run(_ index: Int) {
        let job: UnownedJob
        if index == 0, ready.count < 64 {
            job = ready.removeFirst()
        } else {
            job = ready[index]
            ready.swapAt(index, ready.count - 1)
            ready.removeLast()
        }
        job.runSynchronously(on: asUnownedTaskExecutor())
    }

    /// Lets every other task of the process go first, or not, as the seed has it. (`Task.yield()` would leave the
    /// executor, and a call of an actor that nobody else uses is no point of scheduling.)
    func pause() async {
        await withUnsafeContinuation { parked.append($0) }
    }
}
