/// What a fault script has in store for one instance; drawn when it is created, so that a restart changes nothing.
/// All times are milliseconds.
public struct InstanceQuirks: Codable, Hashable, Sendable {
    /// Something that comes late, or not at all.
    public enum Lateness: Codable, Hashable, Sendable {
        case by(Int64)
        case never
    }

    /// The instance ends in `error`, this long after it has entered the status.
    public struct Failure: Codable, Hashable, Sendable {
        public var status: CloudInstance.Status
        public var delay: Int64

        public init(status: CloudInstance.Status, delay: Int64) {
            self.status = status
            self.delay = delay
        }
    }

    /// Another word is shown for a status.
    public struct Disguise: Codable, Hashable, Sendable {
        public var status: CloudInstance.Status
        public var word: String
        /// `nil`: as long as the status lasts.
        public var duration: Int64?

        public init(status: CloudInstance.Status, word: String, duration: Int64?) {
            self.status = status
            self.word = word
            self.duration = duration
        }
    }

    /// Added to the time `creating` and `starting` take.
    public var active: Lateness?
    /// After `active`, addresses are not shown yet.
    public var address: Lateness?
    /// After the boot, no SSH server answers yet.
    public var ssh: Lateness?
    public var failures: [Failure] = []
    public var disguises: [Disguise] = []
    /// Listings do not show it for so long after its creation.
    public var appearsAfter: Int64 = 0
    /// Listings show it for so long after it is gone.
    public var lingersFor: Int64 = 0
    /// How many destroy requests are still refused.
    public var destroyRefusals: Int = 0

    public init() {}

    public static let none = InstanceQuirks()

    /// The word shown for a status that was entered `elapsed` ago.
    func word(for status: CloudInstance.Status, elapsed: Int64) -> String {
        let disguise = disguises.first { $0.status == status && elapsed < ($0.duration ?? .max) }
        return disguise?.word ?? status.rawValue
    }
}
