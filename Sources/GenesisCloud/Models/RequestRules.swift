/// A body whose rules are checked before anything is sent.
protocol CheckedBody: Encodable, Sendable {
    /// - Throws: ``GenesisCloudError`` `validation`, naming the field.
    func check() throws
}

/// The rules that the API states of its bodies, each refused with the field's own name.
enum RequestRules {
    static let smallestDiskGiB = 80
    static let metadataBytes = 64 * 1024

    static func refuse(_ field: String, _ words: String) -> GenesisCloudError {
        GenesisCloudError(code: .validation, message: "\(field) \(words); nothing was sent", field: field)
    }

    static func required(_ text: String?, _ field: String) throws {
        guard let text, text.contains(where: { !$0.isWhitespace }) else { throw refuse(field, "is required") }
    }

    /// What is given must not be empty.
    static func optional(_ text: String?, _ field: String) throws {
        if text != nil { try required(text, field) }
    }

    static func ids<Resource>(_ ids: [ResourceID<Resource>]?, _ field: String) throws {
        guard let ids else { return }
        var seen: Set<ResourceID<Resource>> = []
        for id in ids {
            guard isPlain(id.rawValue) else { throw refuse(field, "contains \"\(id.rawValue.prefix(100))\", no id") }
            guard seen.insert(id).inserted else { throw refuse(field, "contains \(id) twice") }
        }
    }

    static func id<Resource>(_ id: ResourceID<Resource>?, _ field: String) throws { try ids(id.map { [$0] }, field) }

    static func atLeast(_ smallest: Int, _ size: Int?, _ field: String) throws {
        guard let size, size < smallest else { return }
        throw refuse(field, "is \(size) GiB, and \(smallest) GiB is the least")
    }

    static func grows(to size: Int?, from current: Int?, _ field: String) throws {
        guard let size, let current, size < current else { return }
        throw refuse(field, "can only grow: it is \(current) GiB now, and \(size) GiB was asked for")
    }

    /// 16 characters at least (Instances page); 72 bytes at most, with an upper-case letter, a lower-case letter and a
    /// digit (the API's specification).
    static func password(_ password: Password) throws {
        let text = password.text
        guard text.unicodeScalars.count >= 16 else { throw refuse("password", "must have at least 16 characters") }
        guard text.utf8.count <= 72 else { throw refuse("password", "must not be longer than 72 bytes") }
        let classes: [ClosedRange<UInt8>] = [0x41...0x5A, 0x61...0x7A, 0x30...0x39]
        guard classes.allSatisfy({ text.utf8.contains(where: $0.contains) }) else {
            throw refuse("password", "must contain an upper-case letter, a lower-case letter and a digit")
        }
    }

    /// Letters, digits, `-`, `_` and `.`, not only dots: nothing that could change a path or a list.
    static func isPlain(_ id: String) -> Bool {
        id.contains { $0 != "." }
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

extension CreateInstanceRequest: CheckedBody {
    /// Holds the body against the rules the API states.
    /// - Throws: ``GenesisCloudError`` `validation`, whose ``GenesisCloudError/field`` names the field.
    public func check() throws {
        try RequestRules.required(name, "name")
        try RequestRules.required(hostname, "hostname")
        try RequestRules.required(type, "type")
        try RequestRules.optional(region, "region")
        try RequestRules.required(image, "image")
        switch login {
        case .sshKeys(let keys):
            guard !keys.isEmpty else {
                throw RequestRules.refuse("ssh_keys", "must name at least one key, unless a password is given instead")
            }
            try RequestRules.ids(keys, "ssh_keys")
        case .password(let password): try RequestRules.password(password)
        }
        try RequestRules.optional(placementOption, "placement_option")
        try RequestRules.id(floatingIP, "floating_ip")
        try RequestRules.ids(volumes, "volumes")
        try RequestRules.ids(securityGroups, "security_groups")
        try RequestRules.atLeast(RequestRules.smallestDiskGiB, diskSizeGiB, "disk_size")
        try RequestRules.id(reservationID, "reservation_id")
        try metadata?.check()
    }
}

extension CreateInstanceRequest.Metadata {
    fileprivate func check() throws {
        let bytes: Int
        let field: String
        switch self {
        case .startupScript(let text):
            field = "metadata.startup_script"
            bytes = text.utf8.count
            try RequestRules.required(text, field)
        case .userData(let parts):
            field = "metadata.user_data"
            bytes = parts.reduce(0) { $0 + $1.content.utf8.count }
            guard !parts.isEmpty else { throw RequestRules.refuse(field, "has no part") }
            for (index, part) in parts.enumerated() {
                guard part.type.contains("/") else {
                    throw RequestRules.refuse(
                        "\(field)[\(index)].type", "is \"\(part.type.prefix(100))\", no MIME type")
                }
            }
        }
        guard bytes <= RequestRules.metadataBytes else {
            throw RequestRules.refuse(field, "is \(bytes) bytes long, more than 64 KiB")
        }
    }
}
