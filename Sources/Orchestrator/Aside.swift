/// Runs `body` in a task of its own.
///
/// A task keeps the memory of its deepest step to its own end. One that waits for days takes its steps aside, so that it holds no
/// more meanwhile than the wait itself needs. Never inlined: the room of the child's task would be kept in the caller's frame.
@inline(never)
func aside<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    async let result = body()
    return try await result
}
