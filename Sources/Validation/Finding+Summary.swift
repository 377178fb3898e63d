// SPDX-License-Identifier: Apache-2.0

extension Finding.ID {
    /// The meaning of the finding in one sentence; `Documentation/findings.md` has the details.
    public var summary: String {
        switch self {
        case .platformMissing: "The index has no image for a required platform."
        case .notAnIndex: "The image is a single manifest, but several platforms are required."
        case .configMismatch: "The config states another platform than the index."
        case .diffIDMismatch: "The diff IDs in the config do not match the layers."
        case .layerBroken: "A container runtime cannot unpack a layer."
        case .contentMismatch: "A program that has to run is for another CPU architecture."
        case .entrypointMissing: "The entrypoint, or a file that it requires, does not exist."
        case .pathMissing: "A path or command of 'requires' does not exist in the image."
        case .foreignExecutables: "Some programs are for other CPU architectures; none has to run."
        case .platformTwice: "The index has two images for one platform."
        case .foreignLayer: "The license of a layer may prohibit its distribution."
        case .exceptionExpired: "An exception has ended, or ends within 14 days."
        case .exceptionUsed: "An exception replaces the required platforms."
        case .tagMoved: "A version tag has another digest than before."
        case .targetBlocksPulls: "A policy of the target permits no one to pull the image."
        case .notChecked: "A required platform could not be validated completely."
        case .credentialsRejected: "A registry rejected the credentials."
        }
    }
}
