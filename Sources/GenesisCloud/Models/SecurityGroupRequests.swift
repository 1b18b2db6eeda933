/// A security group to be made.
public struct CreateSecurityGroupRequest: Sendable, Hashable, CheckedBody {
    /// Anything but `default` and `standard`, which are the cloud's own.
    public var name: String
    public var region: String
    public var rules: [SecurityGroup.Rule]
    public var description: String?

    public init(name: String, region: String, rules: [SecurityGroup.Rule], description: String? = nil) {
        self.name = name
        self.region = region
        self.rules = rules
        self.description = description
    }

    public func check() throws {
        try RequestRules.required(name, "name")
        guard !["default", "standard"].contains(name.lowercased()) else {
            throw RequestRules.refuse("name", "is \"\(name)\", which is reserved")
        }
        try RequestRules.required(region, "region")
        try SecurityGroup.Rule.check(rules)
    }
}

/// What to change of a security group. What is `nil` stays as it is; rules are replaced as a whole.
public struct UpdateSecurityGroupRequest: Sendable, Hashable, CheckedBody {
    public var name: String?
    public var description: String?
    public var rules: [SecurityGroup.Rule]?

    public init(name: String? = nil, description: String? = nil, rules: [SecurityGroup.Rule]? = nil) {
        self.name = name
        self.description = description
        self.rules = rules
    }

    public func check() throws {
        guard name != nil || description != nil || rules != nil else {
            throw RequestRules.refuse("name", "or another field to change is required (description, rules)")
        }
        try RequestRules.optional(name, "name")
        if let rules { try SecurityGroup.Rule.check(rules) }
    }
}

extension SecurityGroup.Rule {
    static func check(_ rules: [SecurityGroup.Rule]) throws {
        guard !rules.isEmpty else { throw RequestRules.refuse("rules", "must contain at least one rule") }
        for (index, rule) in rules.enumerated() {
            let field = "rules[\(index)]"
            for (port, name) in [(rule.portRangeMin, "port_range_min"), (rule.portRangeMax, "port_range_max")] {
                guard let port, !(1...65535).contains(port) else { continue }
                throw RequestRules.refuse("\(field).\(name)", "is \(port), and ports go from 1 to 65535")
            }
            switch (rule.portRangeMin, rule.portRangeMax) {
            case (nil, nil): break
            case (let low?, let high?) where low <= high: break
            case (_?, _?): throw RequestRules.refuse("\(field).port_range_max", "is below port_range_min")
            case (nil, _?): throw RequestRules.refuse("\(field).port_range_min", "is required beside port_range_max")
            case (_?, nil): throw RequestRules.refuse("\(field).port_range_max", "is required beside port_range_min")
            }
        }
    }
}
