/// The body of a create request (Instances page, "Create an Instance"). What is `nil` is not sent.
public struct CreateInstanceRequest: Sendable, Hashable, Encodable {
    public var name: String
    public var hostname: String
    public var type: String
    /// The page calls it required, its own sample leaves it out.
    public var region: String?
    /// An image id, slug, `slug:version`, or a snapshot id.
    public var image: String
    /// How to log in: the API takes exactly one of `ssh_keys` and `password`, and so does this type.
    public var login: Login
    /// Defaults to `AUTO`.
    public var placementOption: String?
    /// One per instance; it can be attached only here.
    public var floatingIP: FloatingIP.ID?
    /// They must be free and in the same region.
    public var volumes: [Volume.ID]?
    /// `nil` = the account's standard group; empty = none at all.
    public var securityGroups: [SecurityGroup.ID]?
    /// A protected instance cannot be destroyed until the protection is taken away.
    public var isProtected: Bool?
    /// Legacy projects only; others use ``floatingIP``.
    public var publicIPType: Instance.PublicIPType?
    /// The boot volume in GiB; the API's minimum and default is 80.
    public var diskSizeGiB: Int?
    /// Not on the page but in the API's 2025 specification: a shutdown from within destroys the instance.
    public var destroyOnShutdown: Bool?
    /// Not on the page but in the API's 2025 specification.
    public var billingType: BillingType?
    /// Not on the page but in the API's 2025 specification; goes with ``BillingType/reserved``.
    public var reservationID: Reservation.ID?
    /// Not on the page but in the API's 2025 specification.
    public var reuseLongTermSubscription: Bool?
    /// Not on the page but in the API's 2025 specification.
    public var publicIPv6: Bool?
    public var metadata: Metadata?

    /// Exactly one way to log in.
    public enum Login: Sendable, Hashable {
        /// Ids of registered keys, at least one.
        case sshKeys([SSHKey.ID])
        /// For the image's user (`ubuntu`). Less safe than a key.
        case password(Password)
    }

    /// What the instance is given to read at its first boot, in one of the two forms the API takes.
    public enum Metadata: Sendable, Hashable {
        /// A script or a `#cloud-config`, at most 64 KiB. The only form legacy accounts know.
        case startupScript(String)
        case userData([UserDataPart])
    }

    public struct UserDataPart: Sendable, Hashable, Encodable {
        /// A MIME type, for example `text/cloud-config`.
        public var type: String
        public var filename: String?
        public var content: String

        public init(type: String, filename: String? = nil, content: String) {
            self.type = type
            self.filename = filename
            self.content = content
        }
    }

    public init(
        name: String, hostname: String, type: String, region: String?, image: String, login: Login,
        metadata: Metadata? = nil
    ) {
        self.name = name
        self.hostname = hostname
        self.type = type
        self.region = region
        self.image = image
        self.login = login
        self.metadata = metadata
    }

    public init(
        name: String, hostname: String, type: String, region: String?, image: String, sshKeys: [SSHKey.ID],
        placementOption: String? = nil, floatingIP: FloatingIP.ID? = nil, volumes: [Volume.ID]? = nil,
        securityGroups: [SecurityGroup.ID]? = nil, isProtected: Bool? = nil, diskSizeGiB: Int? = nil,
        destroyOnShutdown: Bool? = nil, metadata: Metadata? = nil
    ) {
        self.init(
            name: name, hostname: hostname, type: type, region: region, image: image, login: .sshKeys(sshKeys),
            metadata: metadata)
        self.placementOption = placementOption
        self.floatingIP = floatingIP
        self.volumes = volumes
        self.securityGroups = securityGroups
        self.isProtected = isProtected
        self.diskSizeGiB = diskSizeGiB
        self.destroyOnShutdown = destroyOnShutdown
    }
}

/// A password that no description, dump or interpolation shows.
public struct Password: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    let text: String

    public init(_ text: String) { self.text = text }
    public init(stringLiteral text: String) { self.text = text }

    public var description: String { "<password>" }
    public var debugDescription: String { "<password>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// How an instance is billed. Not on the page but in the API's 2025 specification.
public enum BillingType: OpenEnum {
    case onDemand, prepaidMonthly, prepaid3Months, prepaid6Months, prepaid12Months, reserved
    case unknown(String)

    public static let words: [(value: Self, word: String)] = [
        (.onDemand, "on-demand"), (.prepaidMonthly, "prepaid-monthly"), (.prepaid3Months, "prepaid-3-month"),
        (.prepaid6Months, "prepaid-6-month"), (.prepaid12Months, "prepaid-12-month"), (.reserved, "reserved"),
    ]
    public var unknownWord: String? { if case .unknown(let word) = self { word } else { nil } }
}
