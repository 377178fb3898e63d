// SPDX-License-Identifier: Apache-2.0

/// The depth of validation.
///
/// Each level includes those before it.
public enum ValidationLevel: String, Sendable, CaseIterable, Comparable {
    /// The index has an entry for every required platform.
    case index
    /// The config of each image states the same platform and as many layers as its manifest.
    case config
    /// The binaries in the layers are for the platform's CPU architecture.
    case content

    /// Orders levels by depth.
    public static func < (first: ValidationLevel, second: ValidationLevel) -> Bool {
        first.rank < second.rank
    }

    private var rank: Int {
        switch self {
        case .index: 0
        case .config: 1
        case .content: 2
        }
    }
}
