/// Words of a peer or a file as they may stand in a message: short, and without control characters.
func printable(_ text: some StringProtocol) -> String {
    var kept = ""
    for scalar in text.unicodeScalars.prefix(80) {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            kept.append("?")
        default:
            kept.unicodeScalars.append(scalar)
        }
    }
    return kept
}

extension Substring {
    /// Without such characters at both ends.
    func trimming(while isUnwanted: (Character) -> Bool) -> Substring {
        var rest = drop(while: isUnwanted)
        while let last = rest.last, isUnwanted(last) { rest.removeLast() }
        return rest
    }
}
