// SPDX-License-Identifier: Apache-2.0

/// A parser of untrusted input, with the properties that hold for every input.
struct FuzzTarget: Sendable {
    /// The name, which is also the name of its file in `Inputs`.
    let name: String
    /// Parses an input and checks the result.
    ///
    /// - Returns: A number that depends on the result, so that the optimizer removes nothing.
    /// - Throws: ``Violation`` if a property does not hold.
    let check: @Sendable (_ input: [UInt8]) throws(Violation) -> Int

    init(
        _ name: String,
        check: @escaping @Sendable (_ input: [UInt8]) throws(Violation) -> Int
    ) {
        self.name = name
        self.check = check
    }
}

extension FuzzTarget {
    /// All targets.
    static let all: [FuzzTarget] = [
        .json, .manifest, .config, .errorBody, .reference, .tagPattern, .url, .challenge, .token,
        .link, .retryAfter, .upload, .dockerConfig, .layer, .tar, .report, .elf, .entrypoint,
        .yaml, .pin, .pinsYAML, .lockFile, .mirrorYAML,
    ]

    /// Returns the target with a name.
    static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}
