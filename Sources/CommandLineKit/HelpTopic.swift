// SPDX-License-Identifier: Apache-2.0

/// A page of help that belongs to no command, such as what exit codes mean.
public struct HelpTopic: Hashable, Sendable {
    /// A part of a page.
    public enum Block: Hashable, Sendable {
        /// Text, which is wrapped.
        case paragraph(String)
        /// Two columns under a heading.
        case section(HelpSection)
        /// Lines that stay as they are, such as a part of a file.
        case lines([String])
    }

    /// The word after `help`.
    public let name: String
    /// What it is about, in one line.
    public let summary: String
    /// The document that says more, as a path beside the Markdown reference.
    public let document: String?
    /// What it says.
    public let blocks: [Block]

    /// Makes a page.
    public init(_ name: String, _ summary: String, document: String? = nil, _ blocks: [Block]) {
        self.name = name
        self.summary = summary
        self.document = document
        self.blocks = blocks
    }
}
