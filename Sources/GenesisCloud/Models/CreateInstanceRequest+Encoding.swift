extension CreateInstanceRequest {
    private enum CodingKeys: String, CodingKey {
        case name, hostname, type, region, image, volumes, password, metadata
        case sshKeys = "ssh_keys"
        case placementOption = "placement_option"
        case floatingIP = "floating_ip"
        case securityGroups = "security_groups"
        case isProtected = "is_protected"
        case publicIPType = "public_ip_type"
        case diskSizeGiB = "disk_size"
        case destroyOnShutdown = "destroy_on_shutdown"
        case billingType = "billing_type"
        case reservationID = "reservation_id"
        case reuseLongTermSubscription = "reuse_long_term_subscription"
        case publicIPv6 = "public_ipv6"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(hostname, forKey: .hostname)
        try container.encode(type, forKey: .type)
        try container.encodeIfPresent(region, forKey: .region)
        try container.encode(image, forKey: .image)
        switch login {
        case .sshKeys(let keys): try container.encode(keys, forKey: .sshKeys)
        case .password(let password): try container.encode(password.text, forKey: .password)
        }
        try container.encodeIfPresent(placementOption, forKey: .placementOption)
        try container.encodeIfPresent(floatingIP, forKey: .floatingIP)
        try container.encodeIfPresent(volumes, forKey: .volumes)
        try container.encodeIfPresent(securityGroups, forKey: .securityGroups)
        try container.encodeIfPresent(isProtected, forKey: .isProtected)
        try container.encodeIfPresent(publicIPType, forKey: .publicIPType)
        try container.encodeIfPresent(diskSizeGiB, forKey: .diskSizeGiB)
        try container.encodeIfPresent(destroyOnShutdown, forKey: .destroyOnShutdown)
        try container.encodeIfPresent(billingType, forKey: .billingType)
        try container.encodeIfPresent(reservationID, forKey: .reservationID)
        try container.encodeIfPresent(reuseLongTermSubscription, forKey: .reuseLongTermSubscription)
        try container.encodeIfPresent(publicIPv6, forKey: .publicIPv6)
        try container.encodeIfPresent(metadata, forKey: .metadata)
    }
}

extension CreateInstanceRequest.Metadata: Encodable {
    private enum CodingKeys: String, CodingKey {
        case startupScript = "startup_script"
        case userData = "user_data"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .startupScript(let text): try container.encode(text, forKey: .startupScript)
        case .userData(let parts): try container.encode(parts, forKey: .userData)
        }
    }
}
