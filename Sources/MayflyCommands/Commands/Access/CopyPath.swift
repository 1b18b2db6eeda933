import MayflyCore

/// One side of a copy: a path here, or `JOB:PATH` on a job's instance.
enum CopyPath: Hashable {
    case here(String)
    case job(JobReference, String)

    /// As with scp, what stands before the first colon is a job unless a slash comes earlier: `./a:b` is a file here.
    init(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/"), colon != text.startIndex,
            let job = JobReference(argument: String(text[..<colon]))
        else {
            self = .here(text)
            return
        }
        self = .job(job, String(text[text.index(after: colon)...]))
    }
}
