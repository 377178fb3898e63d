// SPDX-License-Identifier: Apache-2.0

/// A program or a file that a test needs did not do what it should.
public struct FixtureError: Error, CustomStringConvertible {
    /// One line: what failed, and how.
    public let description: String

    init(_ description: String) { self.description = description }
}
