// SPDX-License-Identifier: Apache-2.0

/// How far an image is proved to be what it says.
public enum ValidationLevel: String, Sendable, CaseIterable, Comparable {
    /// The index has an entry for every required platform.
    case index
    /// Also, each image's configuration says the same platform and as many layers.
    case config
    /// Also, the binaries in the layers are of the platform's machine.
    case content

    /// Orders by how much is proved.
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
