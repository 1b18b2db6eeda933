import MayflyCore
import Synchronization

/// The shell's hold on one running effect.
///
/// Children of a discarding group cannot be cancelled singly, so an effect's task is cancelled through this; and a running
/// command is stopped by a wish, not by ending the effect that follows it. Neither costs a task that waits for it.
final class EffectControl: Sendable {
    let generation: Int
    /// Made when the command is to be stopped, or when a create is to give up trying.
    let stop = StopWish()
    private let mailbox: AttemptMailbox
    private let work = Mutex(Work.awaited)

    private enum Work {
        case awaited, running(WorkingTask), abandoned, over
    }

    /// A handle of another task may be used to cancel it for as long as that is known to run, which the lock around it sees
    /// to: the task ends only after it has taken its handle back.
    private struct WorkingTask: @unchecked Sendable { let task: UnsafeCurrentTask }

    init(generation: Int, mailbox: AttemptMailbox) {
        self.generation = generation
        self.mailbox = mailbox
    }

    func post(_ event: AttemptEvent) { mailbox.post(.effect(generation: generation, event)) }

    /// Another effect takes its place: what it still does is broken off.
    func abandon() {
        work.withLock { work in
            switch work {
            case .awaited: work = .abandoned
            case .running(let working):
                working.task.cancel()
                work = .abandoned
            case .abandoned, .over: break
            }
        }
    }

    /// Runs the effect in the present task, which it has for itself.
    func run(_ body: @escaping @Sendable () async -> Void) async {
        await withUnsafeCurrentTask { task in
            let isWanted = work.withLock { work in
                guard case .awaited = work, let task else { return false }
                work = .running(WorkingTask(task: task))
                return true
            }
            guard isWanted else { return }
            await body()
            work.withLock { $0 = .over }
        }
    }
}
