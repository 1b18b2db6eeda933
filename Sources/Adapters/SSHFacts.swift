import SSHTransport

/// What the composition root may tell people about the SSH library.
package enum SSHFacts {
    package static var libraryVersion: String { SSHLibrary.version }
}
