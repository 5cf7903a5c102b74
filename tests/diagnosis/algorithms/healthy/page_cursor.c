#include <stdint.h>
#include <string.h>

#define PAGE_LEAF 0x0d
#define MAX_DEPTH 20

typedef struct Page {
  uint8_t type;
  uint16_t nCell;
  uint8_t *aData;
  uint8_t *aCellIdx;      /* nCell 2-byte offsets of the cells, in key order */
} Page;

typedef struct Pager {
  Page *(*get)(struct Pager*, uint32_t pgno);
} Pager;

typedef struct BtCursor {
  Pager *pPager;
  uint32_t root;
  int iPage;
  Page *apPage[MAX_DEPTH];
  uint16_t aiIdx[MAX_DEPTH];
} BtCursor;

static uint32_t get4byte(const uint8_t *p){
  return ((uint32_t)p[0]<<24) | (p[1]<<16) | (p[2]<<8) | p[3];
}

static int getVarint(const uint8_t *p, int64_t *pVal){
  uint64_t v = 0;
  int i;
  for(i=0; i<8; i++){
    v = (v<<7) | (p[i] & 0x7f); // <- hot 23
    if( (p[i] & 0x80)==0 ){
      *pVal = (int64_t)v;
      return i+1;
    }
  }
  *pVal = (int64_t)((v<<8) | p[8]);
  return 9;
}

static uint8_t *findCell(Page *p, int i){
  return p->aData + ((p->aCellIdx[2*i]<<8) | p->aCellIdx[2*i+1]); // <- hot 27
}

/* Leaves the cursor at intKey (returns 0) or beside its place (returns <0 or >0). */
int btreeMoveto(BtCursor *pCur, int64_t intKey){
  uint32_t pgno = pCur->root;
  pCur->iPage = -1;
  for(;;){
    Page *pPage = pCur->pPager->get(pCur->pPager, pgno); // <- hot 14
    int lwr = 0;
    int upr = pPage->nCell - 1;
    int c = -1;
    int leaf = pPage->type==PAGE_LEAF;
    int idx = 0;

    pCur->apPage[++pCur->iPage] = pPage;
    while( lwr<=upr ){
      int64_t nCellKey;
      idx = (lwr+upr)>>1;
      getVarint(findCell(pPage, idx) + (leaf ? 0 : 4), &nCellKey); // <- hot 18
      if( nCellKey<intKey ){
        lwr = idx+1;
        c = -1;
      }else if( nCellKey>intKey ){
        upr = idx-1;
        c = +1;
      }else{
        c = 0;
        break;
      }
    }
    if( leaf ){
      pCur->aiIdx[pCur->iPage] = (uint16_t)idx;
      return c;
    }
    if( c!=0 ) idx = lwr;
    pCur->aiIdx[pCur->iPage] = (uint16_t)idx;
    pgno = get4byte(idx>=pPage->nCell ? pPage->aData+8 : findCell(pPage, idx));
  }
}
