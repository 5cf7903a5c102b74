// expect: pattern=repeated-computation bench
// Marketplace link of a maker of bunting and flags: orders come from the marketplaces as XML, and are handed on to the
// warehouse system in its own form, as the stylesheet of the marketplace says; totals are kept by country for the ledger.
// Measured: 100 orders a second take 0.4 to 0.5 cores; in the twin 0.03.

import java.io.StringReader;
import java.io.StringWriter;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.stream.StreamResult;
import javax.xml.transform.stream.StreamSource;

public class BuntingMarket {
    static final int ORDERS_PER_TICK = 10;
    static final int TICK_MILLIS = 100;

    static final String STYLESHEET =
            """
            <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
              <xsl:template match="/Order">
                <pick reference="{@market}/{@id}">
                  <xsl:apply-templates select="ShipTo"/>
                  <xsl:apply-templates select="Items/Item[Quantity &gt; 0]">
                    <xsl:sort select="Sku"/>
                  </xsl:apply-templates>
                  <grams><xsl:value-of select="sum(Items/Item/Grams)"/></grams>
                  <xsl:if test="Total &gt; 500"><insured/></xsl:if>
                </pick>
              </xsl:template>
              <xsl:template match="ShipTo">
                <consignee country="{Country}">
                  <xsl:value-of select="concat(Name, ', ', Street, ', ', Town)"/>
                </consignee>
                <zone><xsl:value-of select="concat(Country, '-', substring(PostalCode, 1, 2))"/></zone>
                <carrier>
                  <xsl:choose>
                    <xsl:when test="Country = 'NL'">post</xsl:when>
                    <xsl:when test="Country = 'GB'">customs</xsl:when>
                    <xsl:otherwise>parcel</xsl:otherwise>
                  </xsl:choose>
                </carrier>
              </xsl:template>
              <xsl:template match="Item">
                <line article="{substring-after(Sku, 'FLAG-')}" pieces="{Quantity}">
                  <xsl:call-template name="bin"><xsl:with-param name="sku" select="Sku"/></xsl:call-template>
                </line>
              </xsl:template>
              <xsl:template name="bin">
                <xsl:param name="sku"/>
                <xsl:variable name="number" select="number(substring-after($sku, 'FLAG-'))"/>
                <xsl:value-of select="concat('R', floor($number div 100), '-', $number mod 100)"/>
              </xsl:template>
            </xsl:stylesheet>
            """;

    /** From the marketplaces' form into that of the warehouse. */
    static class Converter {
        String convert(String message) throws TransformerException {
            TransformerFactory factory = TransformerFactory.newInstance(); // <- cost
            Transformer transformer = factory.newTransformer(new StreamSource(new StringReader(STYLESHEET))); // <- cost
            transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            StringWriter out = new StringWriter(1024);
            transformer.transform(new StreamSource(new StringReader(message)), new StreamResult(out));
            return out.toString();
        }
    }

    /** What went where, for the ledger. */
    static class Ledger {
        private final Map<String, Integer> orders = new TreeMap<>();
        private long characters;

        void note(String pick) {
            int at = pick.indexOf("country=\"") + 9;
            orders.merge(pick.substring(at, at + 2), 1, Integer::sum);
            characters += pick.length();
        }

        @Override
        public String toString() {
            return orders + ", " + characters + " characters";
        }
    }

    /** The link to the marketplaces: some orders at each tick. */
    static class Marketplaces {
        private static final String[] NAMES = {"stallhalla", "fleabay", "bazaarium"};
        private static final String[] COUNTRIES = {"NL", "BE", "GB", "DK"};
        private final Random chance = new Random(17);
        private int number = 100_000;

        String next() {
            StringBuilder text = new StringBuilder(900);
            text.append("<Order id='").append(number++).append("' market='").append(NAMES[number % 3]).append("'>");
            text.append("<ShipTo><Name>Customer ").append(chance.nextInt(9_000)).append("</Name><Street>Flag Lane ");
            text.append(chance.nextInt(200)).append("</Street><Town>Town ").append(chance.nextInt(500));
            text.append("</Town><PostalCode>").append(10_000 + chance.nextInt(80_000)).append("</PostalCode><Country>");
            text.append(COUNTRIES[chance.nextInt(4)]).append("</Country></ShipTo><Items>");
            int items = 1 + chance.nextInt(5);
            for (int i = 0; i < items; i++) {
                text.append("<Item><Sku>FLAG-").append(chance.nextInt(2_000)).append("</Sku><Quantity>");
                text.append(chance.nextInt(20)).append("</Quantity><Grams>").append(40 + chance.nextInt(900));
                text.append("</Grams></Item>");
            }
            return text.append("</Items><Total>").append(chance.nextInt(900)).append(".50</Total></Order>").toString();
        }
    }

    public static void main(String[] args) throws Exception {
        BlockingQueue<String> incoming = new ArrayBlockingQueue<>(100);
        Marketplaces marketplaces = new Marketplaces();
        ScheduledExecutorService link = Executors.newSingleThreadScheduledExecutor();
        link.scheduleAtFixedRate(
                () -> {
                    try {
                        for (int i = 0; i < ORDERS_PER_TICK; i++) {
                            incoming.put(marketplaces.next());
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                0,
                TICK_MILLIS,
                TimeUnit.MILLISECONDS);

        Converter converter = new Converter();
        Ledger ledger = new Ledger();
        long begun = System.nanoTime();
        boolean told = false;
        while (true) {
            ledger.note(converter.convert(incoming.take()));
            if (!told && System.nanoTime() - begun > 6_000_000_000L) {
                System.err.println(ledger);
                System.out.println("ready " + ProcessHandle.current().pid());
                System.out.flush();
                told = true;
            }
        }
    }
}
