// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
public import OCI
internal import Validation

/// Something that is asked of an image and that a block of a lock does not say of it.
public enum ValidationGap: Hashable, Sendable {
    /// It was proved up to a lower level.
    case level(ValidationLevel, asked: ValidationLevel)
    /// These platforms have no image.
    case platforms([Platform])
    /// These paths and commands were not looked for.
    case paths([String])
}

extension ValidationGap: CustomStringConvertible {
    /// One line, the lock being its subject.
    public var description: String {
        switch self {
        case .level(let level, let asked):
            "the lock proves it up to '\(level.rawValue)' only, and '\(asked.rawValue)' is asked for"
        case .platforms(let platforms):
            "the lock has no image for \(platforms.map(\.description).joined(separator: ", "))"
        case .paths(let paths): "the lock does not say that it has \(paths.joined(separator: ", "))"
        }
    }
}

extension LockedImage {
    /// What a block does not say of all that is required; empty where nothing has to be proved again.
    func shortfalls(of required: ImageRequirements) -> [ValidationGap] {
        var shortfalls: [ValidationGap] = []
        if validation < required.level {
            shortfalls.append(.level(validation, asked: required.level))
        }
        let absent =
            required.isArtifact
            ? []
            : required.effectivePlatforms.filter { platform in
                !platforms.keys.contains { platform.matches($0) }
            }
        if !absent.isEmpty { shortfalls.append(.platforms(absent)) }
        let paths = Set(required.paths).subtracting(requires).sorted()
        if !paths.isEmpty { shortfalls.append(.paths(paths)) }
        return shortfalls
    }
}
