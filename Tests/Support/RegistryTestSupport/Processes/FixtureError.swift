// SPDX-License-Identifier: Apache-2.0

/// An error of a program or a file that a test needs.
public struct FixtureError: Error, CustomStringConvertible {
    /// The error message, one line.
    public let description: String

    init(_ description: String) { self.description = description }
}
