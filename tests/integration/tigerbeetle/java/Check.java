import java.util.Objects;

/** What a test insists on. */
final class Check {
    private Check() {}

    static void equal(Object actual, Object wanted, String what) {
        if (!Objects.equals(actual, wanted)) throw new AssertionError(actual + " instead of " + wanted + ": " + what);
    }

    static void holds(boolean condition, String what) {
        if (!condition) throw new AssertionError(what);
    }
}
