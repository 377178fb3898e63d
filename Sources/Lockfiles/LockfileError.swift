// SPDX-License-Identifier: Apache-2.0

public import YAML

/// An error in a lock file: its position, the problem, and how to repair the file.
public struct LockfileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The position in the file.
    public let mark: YAMLMark
    /// The problem at the position.
    public let message: String
    /// The next step, in the imperative.
    public let hint: String

    /// Creates an error.
    public init(at mark: YAMLMark, _ message: String, hint: String = Self.restoreHint) {
        self.mark = mark
        self.message = message
        self.hint = hint
    }

    /// The error in the form `line:column: message`, to follow the name of the file.
    public var description: String { "\(mark.line):\(mark.column): \(message)" }

    /// The hint for a damaged lock file.
    ///
    /// `sync` reads the lock file first, so it can rewrite a damaged one only after the file is
    /// deleted.
    public static let restoreHint =
        "restore the lock file from version control, or delete it and run 'ocimirror sync', which writes "
        + "an entry for every image that it validates"

    static let editHint =
        "undo the edit: to mirror other content, change mirror.yaml and run 'ocimirror sync'; or delete "
        + "the lock file and run 'ocimirror sync'"

    static let conflictHint =
        "take either version, such as with 'git checkout --ours' or '--theirs' and the file's name, "
        + "and run 'ocimirror sync'"

    static let versionHint = "use the version of ocimirror that wrote the lock file, or a newer one"
}
