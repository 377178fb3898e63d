// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The sanitizer with which the tests are built (`ci/sanitize`).
public enum Sanitizer {
    #if SANITIZER
        /// A Boolean value that indicates whether there is one.
        public static let isActive = true
        /// The environment variables that each child process of a test inherits.
        static let variables = ["ASAN_OPTIONS", "SWIFT_BACKTRACE", "TSAN_OPTIONS"]
    #else
        /// A Boolean value that indicates whether there is one.
        public static let isActive = false
        /// The environment variables that each child process of a test inherits.
        static let variables: [String] = []
    #endif
}

/// Returns an environment variable of the test process.
func environmentVariable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
