// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI
internal import Validation

/// The progress of scanning the layers of an image.
///
/// The results are used in the order of the layers, whichever scan ends first, so that a report
/// does not change from run to run.
struct ScanProgress {
    /// The image, with the results so far.
    private(set) var image: LoadedImage
    private let requirements: ImageRequirements
    private let layers: [ScannableLayer]
    private let stopsAtFirstError: Bool
    /// Results that wait for the result of an earlier layer, by position.
    private var results: [Int: LayerScanResult] = [:]
    /// The layers that are still needed.
    private var needed: Set<ScannableLayer>
    /// The layers without a result so far.
    private var unscanned: Set<ScannableLayer>
    private var started = 0
    private var used = 0
    private var validationCount = 0
    /// The validator of incomplete images, so that one lookup budget covers all its validations.
    private let validator = Validator()

    /// The maximum number of layers after which the rules run again to detect an error early.
    ///
    /// Each time, they check all layers of all platforms.
    private static let maximumEarlyValidations = 64

    init(
        image: LoadedImage, requirements: ImageRequirements, layers: [ScannableLayer],
        stopsAtFirstError: Bool
    ) {
        self.image = image
        self.requirements = requirements
        self.layers = layers
        self.stopsAtFirstError = stopsAtFirstError
        self.needed = Set(layers)
        self.unscanned = needed
    }

    /// A Boolean value that indicates whether every needed layer is scanned.
    var isFinished: Bool { used == layers.count }

    /// Returns the position of the next layer to scan; `nil` if there is none.
    mutating func next() -> Int? {
        while started < layers.count {
            defer { started += 1 }
            if needed.contains(layers[started]) { return started }
        }
        return nil
    }

    /// The digests of the layers whose results are not recorded.
    var unscannedDigests: Set<Digest> { Set(unscanned.map(\.descriptor.digest)) }

    /// Records the result of a scan.
    mutating func record(_ result: LayerScanResult, at position: Int) {
        results[position] = result
        unscanned.remove(layers[position])
        while used < layers.count {
            if needed.contains(layers[used]) {
                guard let result = results.removeValue(forKey: used) else { return }
                image.record(result, of: layers[used])
                rejectPlatforms()
            }
            used += 1
        }
    }

    /// Runs the rules, and skips the remaining layers of platforms with an error.
    private mutating func rejectPlatforms() {
        // The caller validates the complete image.
        guard stopsAtFirstError, used + 1 < layers.count,
            validationCount < Self.maximumEarlyValidations
        else { return }
        validationCount += 1
        let errors = validator.validate(image, required: requirements).findings
            .filter { $0.severity == .error }
        guard !errors.isEmpty else { return }
        needed = Set(
            image.layersToScan(for: requirements, except: Set(errors.compactMap(\.platform))))
    }
}
