internal import Glibc

/// The last system call's error in words.
func systemMessage(_ number: Int32 = errno) -> String {
    String(cString: strerror(number))
}

/// Bytes from outside as text for people: control characters made visible, invalid UTF-8 repaired.
func printable(_ bytes: some Collection<UInt8>) -> String {
    var text = ""
    for scalar in String(decoding: bytes.prefix(1024), as: UTF8.self).unicodeScalars {
        if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) {
            text += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        } else {
            text.unicodeScalars.append(scalar)
        }
    }
    return text
}

/// Writes all of `bytes`, at `offset` when given.
/// - Returns: 0, or the error's number.
func writeFully(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int64? = nil) -> Int32 {
    var done = 0
    while done < bytes.count {
        guard let base = bytes.baseAddress else { return 0 }
        let count =
            if let offset {
                pwrite(descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
            } else {
                write(descriptor, base + done, bytes.count - done)
            }
        if count < 0 {
            if errno == EINTR { continue }
            return errno
        }
        done += count
    }
    return 0
}

/// Reads what is there, up to all of `buffer`.
/// - Returns: how many bytes; 0 at the end, negative with `errno` set.
func readSome(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        guard count < 0, errno == EINTR else { return count }
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
