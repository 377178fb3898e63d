// SPDX-License-Identifier: Apache-2.0

internal import CCurl

/// A version of libcurl.
public struct CurlVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The version in libcurl's notation, `0xXXYYZZ`.
    let number: UInt32

    /// The oldest version with all options that ``CurlTransport`` sets.
    ///
    /// The dynamic linker does not check it, because an older version has the same symbols.
    /// Source: CURLOPT_PROTOCOLS_STR(3), "Added in 7.85.0".
    public static let required = CurlVersion(number: 0x07_55_00)

    /// The oldest version that need not wait for the resolver when a transfer is removed.
    ///
    /// Source: CURLOPT_QUICK_EXIT(3), "Added in 7.87.0".
    static let withQuickExit = CurlVersion(number: 0x07_57_00)

    /// The version of the library that is loaded, which is read once because curl_version_info(3)
    /// is not thread-safe in all versions.
    static let loaded = CurlVersion(number: ccurl_loaded_version())

    /// Checks that the loaded library has all options that ``CurlTransport`` sets.
    ///
    /// - Throws: ``OutdatedLibraryError`` if the library is older than ``required``.
    public static func check() throws(OutdatedLibraryError) {
        guard loaded >= required else { throw OutdatedLibraryError(loaded: loaded) }
    }

    /// Returns a Boolean value that indicates whether the first version is older.
    public static func < (first: CurlVersion, second: CurlVersion) -> Bool {
        first.number < second.number
    }

    /// `7.85.0`.
    public var description: String { "\(number >> 16).\(number >> 8 & 0xff).\(number & 0xff)" }
}

/// An error for a libcurl that lacks required options.
public struct OutdatedLibraryError: Error, Hashable, CustomStringConvertible {
    /// The version of the loaded library.
    let loaded: CurlVersion

    /// The message: the version, and what to install.
    public var description: String {
        "libcurl \(loaded) is too old; install libcurl \(CurlVersion.required) or later, or use the "
            + "release for any Linux, which contains it"
    }
}
