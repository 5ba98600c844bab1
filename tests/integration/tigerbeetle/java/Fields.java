import com.tigerbeetle.UInt128;
import java.math.BigInteger;

/** The fields of a record or filter, by the names of the protocol: user_data_64 is setUserData64() and getUserData64(). */
final class Fields {
    private static final BigInteger WORD = BigInteger.ONE.shiftLeft(64);

    private Fields() {}

    static void set(Object record, String name, BigInteger value) throws ReflectiveOperationException {
        for (var method : record.getClass().getMethods()) {
            if (!method.getName().equals("set" + pascal(name))) continue;
            var types = method.getParameterTypes();
            if (types.length == 2) {
                method.invoke(record, value.longValue(), value.shiftRight(64).longValue());
                return;
            }
            if (isWide(record, name)) continue;
            method.invoke(record, types[0] == long.class ? (Object) value.longValue() : (Object) value.intValue());
            return;
        }
        throw new NoSuchMethodException(name);
    }

    static BigInteger get(Object record, String name) throws ReflectiveOperationException {
        var getter = "get" + pascal(name);
        if (isWide(record, name)) {
            var half = record.getClass().getMethod(getter, UInt128.class);
            return unsigned((long) half.invoke(record, UInt128.MostSignificant)).multiply(WORD)
                    .add(unsigned((long) half.invoke(record, UInt128.LeastSignificant)));
        }
        var value = (Number) record.getClass().getMethod(getter).invoke(record);
        return value instanceof Integer number ? BigInteger.valueOf(Integer.toUnsignedLong(number)) : unsigned(value.longValue());
    }

    /** The client's way to write a name: AccountsMustBeDifferent. */
    static String pascal(String name) {
        var text = new StringBuilder();
        for (var word : name.split("_")) text.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
        return text.toString();
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    /** Fields of 128 bits are read and written by halves. */
    private static boolean isWide(Object record, String name) {
        try {
            record.getClass().getMethod("get" + pascal(name), UInt128.class);
            return true;
        } catch (NoSuchMethodException missing) {
            return false;
        }
    }
}
