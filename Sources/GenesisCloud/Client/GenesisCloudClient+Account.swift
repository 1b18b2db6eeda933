extension GenesisCloudClient {
    /// `GET /availability/{region}/instances`, a read: which instance types a region has free.
    /// - Parameter placement: a placement option, where the region has several.
    /// - Throws: ``GenesisCloudError``.
    public func availability(in region: String, placement: String? = nil) async throws -> Availability {
        try await request(
            .getAvailability, region, query: placement.map { "?placement=\($0.asQueryValue)" } ?? "",
            key: "availability")
    }

    /// `GET /quotas`, a read: how much the account may have of what. Not paged.
    /// - Throws: ``GenesisCloudError``.
    public func listQuotas() async throws -> [Quota] { try await request(.listQuotas, key: "quotas") }

    /// `GET /reservations`, a read. Not paged.
    /// - Throws: ``GenesisCloudError``.
    public func listReservations() async throws -> [Reservation] {
        try await request(.listReservations, key: "reservations")
    }
}
