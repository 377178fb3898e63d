// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Asks whether an exception is used, about to end, or over.
public struct ExceptionInForce: Rule {
    /// Asked at every level.
    public let level = ProofLevel.index

    /// From how many days before its end an exception warns.
    static let warningDays = 14

    /// Finds exceptions, so that every report shows them.
    public func findings(about image: ExaminedImage, required: Requirement) -> [Finding] {
        guard let exception = required.exception else { return [] }
        let only = exception.platforms.map(\.description).joined(separator: ", ")
        switch exception.daysLeft {
        case let days? where days < 0:
            return [
                Finding(
                    .exceptionExpired, .warning,
                    "the exception (\(exception.reason)) has ended; every platform is required again"
                )
            ]
        case let days? where days <= Self.warningDays:
            return [
                Finding(
                    .exceptionExpired, .warning,
                    "the exception (\(exception.reason)) ends in \(days) days")
            ]
        default:
            return [
                Finding(
                    .exceptionUsed, .note,
                    "only \(only) is required: \(exception.reason)")
            ]
        }
    }
}
